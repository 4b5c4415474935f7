# shellcheck shell=bash
# Messages, timed steps and locks. Everything goes to stderr: stdout belongs to the program that is started.

shopt -s lastpipe # show_progress runs in this shell, so that run_step sees what it has shown

say() { printf 'retort: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# duration SECONDS: "34 s", "2 min 5 s"
duration() {
  if (($1 < 120)); then printf '%d s' "$1"; else printf '%d min %d s' $(($1 / 60)) $(($1 % 60)); fi
}

# run_step [--silent-if-idle] LABEL COMMAND...
# Runs COMMAND with its output held back; says LABEL and, at the end, how long it took. On a terminal the time and
# ninja's count are seen passing. On failure the output is shown and the command's status returned.
# --silent-if-idle: says nothing when a build finds nothing to do.
run_step() {
  local shown='' eager=yes
  [[ $1 == --silent-if-idle ]] && eager='' && shift
  local label=$1 began=$SECONDS status=0 log
  shift
  log=$(mktemp)
  [[ ! $eager ]] || show_label
  "$@" </dev/null 2>&1 | tee "$log" | show_progress || status=${PIPESTATUS[0]}
  if ((status != 0)); then
    [[ $shown ]] || show_label
    redraw failed
    printf '\n' >&2
    grep -vE "$ninja_count" "$log" >&2 || true
  elif [[ $shown ]]; then
    redraw "$(duration $((SECONDS - began)))"
    printf '\n' >&2
  fi
  rm -f "$log"
  return "$status"
}

ninja_count='^\[([0-9]+/[0-9]+)\] '

# The three below use run_step's variables.
show_label() {
  printf 'retort: %s …' "$label" >&2
  shown=yes
}

redraw() {
  if [[ -t 2 ]]; then printf '\r\e[K' >&2 && show_label; fi
  printf ' %s' "$1" >&2
}

# Reads the command's output until it ends.
show_progress() {
  local line count=''
  while :; do
    if read -r -t 1 line; then
      # Ninja counts its look for new files as work.
      [[ $line =~ $ninja_count && $line != *'Re-checking globbed directories'* ]] || continue
      count=${BASH_REMATCH[1]}
      [[ $shown ]] || show_label
    elif (($? <= 128)); then
      return 0
    fi
    [[ ! $shown || ! -t 2 ]] || redraw "${count:+$count, }$(duration $((SECONDS - began)))"
  done
}

# with_lock FILE WORK COMMAND...: one at a time among all processes; WORK says what another one is doing.
# A failing COMMAND ends the script, which frees the lock as well.
with_lock() {
  local file=$1 work=$2 handle
  shift 2
  mkdir -p "$(dirname "$file")"
  exec {handle}>"$file"
  if ! flock -n "$handle"; then
    say "waiting: another process is $work"
    flock "$handle"
  fi
  "$@"
  exec {handle}>&-
}
