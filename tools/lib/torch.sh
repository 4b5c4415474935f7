# shellcheck shell=bash disable=SC2034,SC2154 # setup.sh sets what is shared
# LibTorch and the Python it comes with.

torch_version=2.11.0
torch_environment=$cache/torch-$torch_version

# libtorch_in FOLDER: the folder at, below or above FOLDER (a site-packages, a prefix, share/cmake/Torch's parent) that
# holds LibTorch; the places are those of cmake/LibTorch.cmake
libtorch_in() {
  local place
  for place in "$1" "$1/torch" "$1/../.."; do
    if [[ -e $place/lib/libtorch_cpu.so && -e $place/include/ATen/ATen.h ]]; then
      realpath "$place"
      return
    fi
  done
  return 1
}

# Sets torch_dir, and torch_python to the interpreter of the environment that LibTorch is part of ('' when of none).
ensure_torch() {
  torch_dir=$(named_torch)
  if [[ ! $torch_dir ]]; then
    torch_ready || with_lock "$torch_environment.lock" "installing LibTorch" install_torch
    torch_dir=$(libtorch_in "$(echo "$torch_environment"/lib/python3*/site-packages)")
  fi
  torch_python=''
  if [[ $torch_dir == */lib/python3*/site-packages/torch ]]; then
    torch_python=${torch_dir%/lib/python3*}/bin/python
    [[ -x $torch_python ]] || torch_python=''
  fi
}

# The LibTorch that RETORT_TORCH or CMAKE_PREFIX_PATH names; nothing when neither does.
named_torch() {
  if [[ ${RETORT_TORCH-} ]]; then
    libtorch_in "$RETORT_TORCH" || die "RETORT_TORCH names '$RETORT_TORCH', where lib/libtorch_cpu.so and" \
      "include/ATen/ATen.h were expected and not found; correct it, or unset it to have LibTorch installed"
    return
  fi
  local prefix prefixes
  IFS=':;' read -ra prefixes <<<"${CMAKE_PREFIX_PATH-}"
  for prefix in ${prefixes[@]+"${prefixes[@]}"}; do
    libtorch_in "$prefix" && return
  done
  return 0
}

# An environment counts once its marker is there: an installation that was interrupted leaves none.
torch_ready() { [[ -e $torch_environment/.complete && -x $torch_environment/bin/python ]]; }

torch_works() {
  [[ -x $torch_environment/bin/python ]] &&
    "$torch_environment/bin/python" -c "import numpy, torch; assert torch.__version__.split('+')[0] == '$torch_version'" \
      2>/dev/null
}

install_torch() {
  torch_ready && return
  if ! torch_works; then
    local python
    python=$(find_python)
    run_step "installing LibTorch $torch_version in $torch_environment (5 GB)" create_torch_environment "$python"
  fi
  touch "$torch_environment/.complete"
}

create_torch_environment() {
  rm -rf "$torch_environment" && "$1" -m venv "$torch_environment" &&
    pip_install "$torch_environment/bin/python" "torch==$torch_version" numpy && torch_works
}

# pip_install PYTHON ARGS...
pip_install() { "$1" -m pip install --no-input --disable-pip-version-check --progress-bar off "${@:2}"; }

# A Python that LibTorch's wheels exist for and that can make environments.
find_python() {
  local python
  for python in /usr/bin/python3 python3 python3.{14,13,12,11,10}; do
    if "$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info < (3, 15))' 2>/dev/null; then
      command -v "$python"
      return
    fi
  done
  die "LibTorch $torch_version is installed with pip, which needs a Python from 3.10 to 3.14 with its venv module;" \
    "none was found. Install one, or set RETORT_TORCH to the folder of a LibTorch $torch_version"
}
