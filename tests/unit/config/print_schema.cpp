// Prints the schema of experiments that use the components of the fake catalog.
#include <iostream>

#include "config/schema.hpp"
#include "fake_catalog.hpp"

int main() {
  std::cout << retort::config::experiment_schema(retort::config::FakeCatalog().components()).dump(2) << "\n";
}
