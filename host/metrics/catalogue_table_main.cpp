#include <iostream>

#include "metrics/catalogue.hpp"

int main() {
  std::cout << retort::metrics::catalogue_table();
  return std::cout.flush() ? 0 : 1;
}
