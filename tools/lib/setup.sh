# shellcheck shell=bash disable=SC2154
# What tools/retort and tools/test share. Source it with `root` set to the source tree.

tools_lib=$root/tools/lib
cache=$(realpath -m "${XDG_CACHE_HOME:-$HOME/.cache}/retort")
preset=${RETORT_PRESET:-release}
build_dir=$root/build/$preset

# shellcheck source-path=SCRIPTDIR
source "$tools_lib/report.sh"
# shellcheck source-path=SCRIPTDIR
source "$tools_lib/debian.sh"
# shellcheck source-path=SCRIPTDIR
source "$tools_lib/torch.sh"
# shellcheck source-path=SCRIPTDIR
source "$tools_lib/build.sh"
