# shellcheck shell=bash disable=SC2154 # setup.sh sets what is shared
# Configuring and building the tree in $build_dir. One tree serves the program and the tests.

# build TARGET [CMAKE_DEFINITION...]: builds TARGET; configures first when there is nothing to build with yet, or when the
# choice of LibTorch or one of the definitions (NAME:TYPE=VALUE) differs from what was configured
build() { with_lock "$build_dir/.lock" "building in $build_dir" configure_and_build "$@"; }

configure_and_build() {
  local target=$1
  shift
  configured "$@" || configure "$@"
  run_step --silent-if-idle "building" ninja -C "$build_dir" -j "$(jobs_that_fit)" "$target"
}

configured() {
  [[ -e $build_dir/build.ninja ]] || return
  local line
  for line in "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "RETORT_TORCH:PATH=$torch_dir" "$@"; do
    grep -qxF "$line" "$build_dir/CMakeCache.txt" || return
  done
}

configure() {
  local definition definitions=("-DRETORT_TORCH:PATH=$torch_dir") fresh=()
  # The tests need packages that tools/test installs; a tree that has them keeps them.
  [[ -e $build_dir/build.ninja ]] || definitions+=(-DRETORT_TESTS:BOOL=OFF)
  for definition in "$@"; do definitions+=("-D$definition"); done
  command -v dpkg-query >/dev/null ||
    say "this is not a Debian system: the libraries in tools/lib/packages.txt are left for CMake to find"
  # A tree that was copied or moved cannot be configured again in place.
  if [[ -e $build_dir/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build_dir/CMakeCache.txt"
  then fresh=(--fresh); fi
  rm -f "$build_dir/build.ninja" # comes back only when configuring succeeds
  run_step "configuring the preset $preset" \
    cmake -S "$root" --preset "$preset" ${fresh[@]+"${fresh[@]}"} "${definitions[@]}"
  ! grep -q '^RETORT_NVCC:.*NOTFOUND' "$build_dir/CMakeCache.txt" || say "no nvcc: CUDA sources are left out"
}

# A source file that includes LibTorch takes up to 2 GB to compile.
jobs_that_fit() {
  local cores gigabytes
  cores=$(nproc)
  gigabytes=$(awk '/^MemTotal/ { print int($2 / 1048576) }' /proc/meminfo)
  local fit=$((gigabytes / 2))
  echo $((fit < 1 ? 1 : fit < cores ? fit : cores))
}
