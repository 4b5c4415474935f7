# shellcheck shell=bash disable=SC2034,SC2154 # setup.sh sets what is shared
# The Python that the tests run with: PyTorch as an oracle where there is one, and the packages of
# python-test-requirements.txt.

# Sets test_python. An environment that the user owns is left as it is: beside a LibTorch that RETORT_TORCH or
# CMAKE_PREFIX_PATH names stands an environment of our own that sees that one's packages.
ensure_test_python() {
  local environment=$torch_environment
  [[ $torch_dir == "$torch_environment"/* ]] ||
    environment=$cache/test-python-$(sha256sum <<<"$torch_dir" | cut -c 1-12)
  test_python=$environment/bin/python
  test_packages_ready "$environment" ||
    with_lock "$environment.lock" "installing Python packages" install_test_packages "$environment"
  [[ $torch_python ]] || say "no PyTorch belongs to $torch_dir: the tests that compare with it are skipped"
}

test_packages_ready() {
  [[ -x $1/bin/python ]] && cmp -s "$tools_lib/python-test-requirements.txt" "$1/.test-requirements"
}

install_test_packages() {
  local environment=$1
  test_packages_ready "$environment" && return
  local python=$torch_python
  [[ $python ]] || python=$(find_python)
  run_step "installing the tests' Python packages" fill_test_environment "$environment" "$python"
}

fill_test_environment() {
  local environment=$1 python=$2 requirements=$tools_lib/python-test-requirements.txt
  [[ -x $environment/bin/python ]] || create_test_environment "$environment" "$python" || return
  pip_install "$environment/bin/python" -r "$requirements" && cp "$requirements" "$environment/.test-requirements"
}

create_test_environment() {
  rm -rf "$1" && "$2" -m venv "$1" || return
  [[ ! $torch_python ]] || dirname "$torch_dir" >"$(echo "$1"/lib/python3*/site-packages)/torch.pth"
}
