# shellcheck shell=bash disable=SC2154 # setup.sh sets what is shared
# prometheus and promtool, which the tests of the metrics run. The package is unpacked, not installed: installing it
# would start a server.

# Puts both on PATH; where they are not to be had, the tests that need them are skipped by name.
ensure_prometheus() {
  ! { command -v prometheus && command -v promtool; } >/dev/null || return 0
  local folder=$cache/prometheus
  [[ -x $folder/usr/bin/promtool ]] || with_lock "$folder.lock" "unpacking Prometheus" unpack_prometheus "$folder"
  PATH=$PATH:$folder/usr/bin
}

unpack_prometheus() {
  [[ ! -x $1/usr/bin/promtool ]] || return 0
  run_step "unpacking Prometheus in $1" download_prometheus "$1" ||
    say "going on without Prometheus: the tests that need prometheus or promtool are skipped"
}

download_prometheus() {
  command -v apt-get || { echo "prometheus and promtool are not on PATH, and there is no apt-get to fetch them" && return 1; }
  local work
  mkdir -p "$1" && work=$(mktemp -d "$1/download.XXXXXX") && cd "$work" &&
    { apt-get download prometheus || { can_be_root && apt_get update && apt-get download prometheus; }; } &&
    dpkg -x prometheus_*.deb unpacked && rm -rf "${1:?}/usr" && mv unpacked/usr "$1/usr"
  local status=$?
  cd / && rm -rf "$work"
  return "$status"
}
