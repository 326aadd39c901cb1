# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Sourced by demo.sh, check.sh and check_fresh.sh: what they do before their own
# work. It installs missing Debian packages, configures and builds into build/.
# It defines functions and lists only; the caller has set -euo pipefail.
#
# No pipe here has a reader that stops early (grep -q, head): its writer would
# die of SIGPIPE, and under pipefail the answer would be wrong. Output is read
# whole into a variable and looked at there.

moe_root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
moe_build="$moe_root/build"

# What both commands need: one list for each purpose, so that a package is
# added in one place. The -22 packages come from bookworm-security.
moe_build_packages=(
  cmake ninja-build ccache git python3
  clang-22 lld-22 liblld-22-dev llvm-22-dev libmlir-22-dev
  libzstd-dev zlib1g-dev
)
moe_test_packages=(
  clang-format-22 libclang-rt-22-dev llvm-22-tools mlir-22-tools
  libgtest-dev shellcheck
  python3-numpy python3-pytest python3-setuptools python3-pip python3-venv
  python3-jsonschema
)
# shellcheck disable=SC2034 # the callers use it
moe_core_packages=("${moe_build_packages[@]}" "${moe_test_packages[@]}")

# What check.sh --all adds. Without them the tests that need them are skipped.
moe_docs_packages=(python3-sphinx python3-myst-parser furo chromium)
moe_hip_packages=(libamdhip64-dev libamdhip64-5)
moe_torch_packages=(python3-torch)
moe_lint_packages=(clang-tidy-22 python3-mypy flake8)
# shellcheck disable=SC2034 # the callers use it
moe_optional_packages=(
  "${moe_docs_packages[@]}" "${moe_hip_packages[@]}"
  "${moe_torch_packages[@]}" "${moe_lint_packages[@]}"
)

# 1: say what would be installed, let apt simulate it, and stop there.
moe_simulate=0
# The caller's arguments, for the case that it has to be started again.
moe_arguments=("$@")

moe_say() { printf '== %s\n' "$*" >&2; }

moe_fail() {
  printf '%s: error: %s\n' "$(basename "$0")" "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

# moe_find_missing PACKAGE...: sets moe_missing to those that are not installed
# for this machine's architecture. A held package is installed; one whose
# configuration files are left over, or that is half configured, is not.
moe_find_missing() {
  local architecture states name arch state package
  local -A installed=()
  architecture=$(dpkg --print-architecture)
  # dpkg-query fails when it does not know one of the packages.
  states=$(dpkg-query -W \
    -f='${Package} ${Architecture} ${db:Status-Status}\n' "$@" 2>/dev/null) || true
  while read -r name arch state; do
    case "$arch" in "$architecture" | all) ;; *) continue ;; esac
    case "$state" in
    installed | triggers-awaited | triggers-pending) installed[$name]=1 ;;
    esac
  done <<<"$states"
  moe_missing=()
  for package; do
    [ -n "${installed[$package]:-}" ] || moe_missing+=("$package")
  done
}

# moe_find_unknown PACKAGE...: sets moe_unknown to those that apt could not
# install in any version. Its words are translated, so the locale is set.
moe_find_unknown() {
  local policy line name='' package
  local -A known=()
  policy=$(LC_ALL=C apt-cache policy "$@" 2>/dev/null) || true
  while IFS= read -r line; do
    case "$line" in
    [!\ ]*:) name=${line%:} ;;
    '  Candidate: (none)') ;;
    '  Candidate: '*) known[$name]=1 ;;
    esac
  done <<<"$policy"
  moe_unknown=()
  for package; do
    [ -n "${known[$package]:-}" ] || moe_unknown+=("$package")
  done
}

# Decides how to become root, and says the command if there is no way: sudo that
# wants a password works only where somebody can type one.
moe_find_root() {
  # A shell of su lacks the sbin folders in PATH, which dpkg demands.
  moe_as_root=(env DEBIAN_FRONTEND=noninteractive
    "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin")
  [ "$(id -u)" = 0 ] && return
  local why="this user is not root and there is no sudo"
  if command -v sudo >/dev/null; then
    moe_as_root=(sudo DEBIAN_FRONTEND=noninteractive)
    sudo -n DEBIAN_FRONTEND=noninteractive apt-get --version \
      >/dev/null 2>&1 && return
    if [ -z "${CI:-}" ] && { : </dev/tty; } 2>/dev/null; then
      sudo -v && return
    fi
    why="this user is not root and sudo does not let it run apt-get"
  fi
  moe_fail "packages are missing, and $why" \
    "as root, run: apt-get update && apt-get install --no-install-recommends ${moe_missing[*]}"
}

# moe_apt ARGUMENT...: apt-get as root, without a question. On a machine that was
# just started another apt may be at work, so it waits for the lock.
moe_apt() {
  "${moe_as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    "$@" </dev/null >&2
}

# Says which sources would have the packages in moe_unknown.
moe_fail_unknown() {
  local codename package main='' security=''
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}") || true
  [ "$codename" = bookworm ] || moe_fail "apt has no package ${moe_unknown[*]}" \
    "expected Debian 12 (bookworm), got $codename: install LLVM, MLIR and lld 22" \
    "under /usr/lib/llvm-22 and the other packages by hand, then run" \
    "cmake --preset default && ninja -C build"
  for package in "${moe_unknown[@]}"; do
    case "$package" in *-22*) security=1 ;; *) main=1 ;; esac
  done
  moe_fail "apt has no package ${moe_unknown[*]}" \
    ${security:+"the LLVM 22 packages of Debian 12 are in bookworm-security; add the line" \
      "deb http://deb.debian.org/debian-security bookworm-security main"} \
    ${main:+"what has no 22 in its name is in Debian 12 itself; add the line" \
      "deb http://deb.debian.org/debian bookworm main"} \
    "to /etc/apt/sources.list and run this script again"
}

# moe_install PACKAGE...: installs those that are missing.
moe_install() {
  command -v dpkg-query >/dev/null ||
    moe_fail "this is no Debian system: install these yourself, then run" \
      "cmake --preset default && ninja -C build" "$*"
  moe_find_missing "$@"
  if [ ${#moe_missing[@]} -eq 0 ]; then
    moe_say "every package is installed"
    return
  fi
  moe_say "installing with apt: ${moe_missing[*]}"
  moe_find_root
  # Without this mode apt-get takes an unreachable server for a success.
  local updated=1
  moe_apt update -qq -o APT::Update::Error-Mode=any || updated=0
  moe_find_unknown "${moe_missing[@]}"
  if [ ${#moe_unknown[@]} -gt 0 ]; then
    [ "$updated" = 1 ] || moe_fail \
      "apt-get update failed, and apt has no package ${moe_unknown[*]}" \
      "its messages are above; check the network, the proxy of apt and" \
      "/etc/apt/sources.list, then run this script again"
    moe_fail_unknown
  fi
  [ "$updated" = 1 ] ||
    moe_say "apt-get update failed; going on with the package lists of before"
  local simulate=()
  [ "$moe_simulate" = 0 ] || simulate=(--simulate)
  moe_apt install -y -qq --no-install-recommends "${simulate[@]}" \
    "${moe_missing[@]}" || moe_fail_install
}

moe_fail_install() {
  local audit
  audit=$(dpkg --audit 2>&1) || true
  if [ -n "$audit" ]; then
    moe_fail "apt-get install failed, and dpkg has unfinished packages" \
      "as root, run: dpkg --configure -a; apt-get --fix-broken install" \
      "then run this script again"
  fi
  moe_fail "apt-get install failed" \
    "its messages are above; a file that was not found means old package lists:" \
    "check the network, then run this script again"
}

# Under sudo the checkout is usually somebody else's: what root builds there its
# owner could not change. Packages are installed by now, so the caller is
# started again as its owner.
moe_drop_root() {
  [ "$(id -u)" = 0 ] && [ "${SUDO_UID:-0}" != 0 ] || return 0
  [ "$(stat -c %u "$moe_root")" = "$SUDO_UID" ] || return 0
  exec sudo -H -u "#$SUDO_UID" -- "$(readlink -f "$0")" "${moe_arguments[@]}"
}

# moe_prepare PACKAGE...: everything up to a configured build/.
moe_prepare() {
  moe_install "$@"
  if [ "$moe_simulate" = 1 ]; then
    moe_say "simulated: nothing was installed, nothing is built"
    exit 0
  fi
  moe_drop_root
  moe_configure
}

moe_configure() {
  local launcher='' cache log
  local folder=$moe_build
  [ -e "$folder" ] || folder=$moe_root
  [ -w "$folder" ] || moe_fail "expected to be able to write to $folder" \
    "it belongs to $(stat -c %U "$folder"): delete it or make it yours, for example" \
    "sudo chown -R $(id -un) '$folder'"
  if command -v ccache >/dev/null; then
    # Where the home is read-only, ccache would fail every compilation.
    cache=$(ccache --get-config cache_dir 2>/dev/null) || cache=''
    if [ -n "$cache" ] && mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ]; then
      launcher=ccache
    fi
  fi
  moe_say "configuring into build/"
  log=$(mktemp)
  if ! (cd "$moe_root" && cmake --preset default \
    "-DCMAKE_C_COMPILER_LAUNCHER=$launcher" \
    "-DCMAKE_CXX_COMPILER_LAUNCHER=$launcher") >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    moe_fail "cmake failed" \
      "its output is above; a build/ of another checkout has to be deleted"
  fi
  rm -f "$log"
}

# moe_make TARGET...: builds them; the steps go to standard error.
moe_make() {
  moe_say "building: $*"
  cmake --build "$moe_build" --target "$@" >&2 ||
    moe_fail "the build failed" "the reason is above"
}
