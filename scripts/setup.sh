# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Sourced by demo.sh and check.sh: what both do before their own work. It
# installs missing Debian packages, configures and builds into build/. It
# defines functions only; the caller has set -euo pipefail.

moe_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
moe_build="$moe_root/build"

# What a build and the tests need. The -22 ones come from bookworm-security.
moe_packages=(
  cmake ninja-build ccache git python3 python3-numpy
  clang-22 clang-format-22 libclang-rt-22-dev lld-22 liblld-22-dev
  llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
  libzstd-dev zlib1g-dev libgtest-dev
)

moe_say() { printf '== %s\n' "$*" >&2; }

moe_fail() {
  printf '%s: error: %s\n' "$(basename "$0")" "$1" >&2
  shift
  printf '  %s\n' "$@" >&2
  exit 1
}

# Runs a command as root: directly or through sudo.
moe_as_root() {
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo DEBIAN_FRONTEND=noninteractive "$@"
  else
    moe_fail "packages are missing and this user is not root and has no sudo" \
      "as root, run: apt-get install ${moe_missing[*]}"
  fi
}

moe_find_missing() {
  moe_missing=()
  local package
  for package in "${moe_packages[@]}"; do
    if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null |
      grep -q 'install ok installed'; then
      moe_missing+=("$package")
    fi
  done
}

# The first missing package that apt knows no version of, or nothing.
moe_first_unknown() {
  local package
  for package in "${moe_missing[@]}"; do
    if ! apt-cache policy "$package" 2>/dev/null |
      grep -q 'Candidate: [^(]'; then
      echo "$package"
      return
    fi
  done
}

moe_install() {
  command -v dpkg-query >/dev/null ||
    moe_fail "this is no Debian system: install these yourself, then run" \
      "cmake --preset default && ninja -C build" "${moe_packages[*]}"
  moe_find_missing
  [ ${#moe_missing[@]} -eq 0 ] && return
  moe_say "installing with apt: ${moe_missing[*]}"
  moe_as_root apt-get update -qq ||
    moe_fail "apt-get update failed" "check the network and /etc/apt/sources.list"
  local unknown
  unknown=$(moe_first_unknown)
  [ -z "$unknown" ] ||
    moe_fail "apt has no package $unknown" \
      "the LLVM 22 packages of Debian 12 are in bookworm-security; add the line" \
      "deb http://deb.debian.org/debian-security bookworm-security main" \
      "to /etc/apt/sources.list and run this script again"
  moe_as_root apt-get install -y -qq --no-install-recommends \
    "${moe_missing[@]}" >&2 ||
    moe_fail "apt-get install failed" "the reason is above"
}

moe_configure() {
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache
      -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  moe_say "configuring into build/"
  local log
  log=$(mktemp)
  if ! (cd "$moe_root" && cmake --preset default "${launcher[@]}" "$@") \
    >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    moe_fail "cmake failed" "its output is above"
  fi
  rm -f "$log"
}

# moe_make TARGET...: builds them; the steps go to standard error.
moe_make() {
  moe_say "building: $*"
  cmake --build "$moe_build" --target "$@" >&2 ||
    moe_fail "the build failed" "the reason is above"
}
