# shellcheck shell=bash disable=SC2154 # setup.sh sets what is shared
# Debian packages: which are missing, and installing them.

# listed_packages SECTION...: the packages that packages.txt lists in these sections
listed_packages() {
  awk -v wanted=" $* " '/^\[/ { on = index(wanted, " " substr($0, 2, length($0) - 2) " "); next }
                        on && /^[a-z0-9]/' "$tools_lib/packages.txt"
}

# missing_packages PACKAGE...
missing_packages() {
  comm -23 <(printf '%s\n' "$@" | sort) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | sort)
}

has_terminal() { (: </dev/tty) 2>/dev/null; }

as_root() {
  if ((EUID == 0)); then "$@"; elif has_terminal; then sudo "$@"; else sudo -n "$@"; fi
}

# Whether as_root will work; asks for the password where somebody can type it.
can_be_root() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null || return
  if has_terminal; then sudo -v; else sudo -n true 2>/dev/null; fi
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

# One unreachable source among several need not matter: what is missing in the end, the installation names.
apt_install() { apt_get update || true; apt_get install -y --no-install-recommends "$@"; }

# ensure_packages PACKAGE...
ensure_packages() {
  command -v dpkg-query >/dev/null || return 0
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) || with_lock "$cache/.apt.lock" "installing packages" install_missing "$@"
}

# What is missing is asked again: the process that held the lock may have installed it.
install_missing() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0
  local names="${missing[*]}"
  ((EUID == 0)) || ! has_terminal || say "these Debian packages are missing and will be installed with sudo: $names"
  can_be_root || die "these Debian packages are missing: $names
Neither root nor sudo is available to install them. Let somebody who may run
  apt-get update && apt-get install --no-install-recommends $names"
  local what="${#missing[@]} Debian packages"
  ((${#missing[@]} > 1)) || what="the Debian package $names"
  run_step "installing $what" apt_install "${missing[@]}"
}
