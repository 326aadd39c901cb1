#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Runs demo.sh and check.sh where nothing is installed: in an image of debootstrap
# (Debian 12, minbase), entered by chroot. A machine that has the packages already
# shows nothing of what a new user meets. The last line is `N passed, N failed, N
# skipped`, one count for each case; a case that could not run says why.
# `check_fresh.sh --help` says how it is called; the cases are at the end.
# shellcheck disable=SC2317 # the cases are called by name
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

quick_cases=(no_network root odd_place user_without_sudo sudo_with_password
  user_with_sudo held_package other_llvm no_security)
full_cases=(demo check demo_as_user_beside_llvm_14)

fresh_usage() {
  echo "usage: scripts/check_fresh.sh [--quick] [--case NAME]... [--all]
         [--source LINE]... [--cache DIR] [--output FILE]
  --quick        packages are resolved and simulated, nothing is built: a minute
                 or two; a case that cannot run is skipped (without this flag it
                 makes the exit code 1)
  --case NAME    only this case: ${quick_cases[*]}
                 ${full_cases[*]}
  --all          check.sh --all instead of check.sh in the case check
  --source LINE  a line of the image's sources.list; the first one's address and
                 suite are debootstrap's too. Default: bookworm, -updates and
                 -security from the servers of this machine's apt
  --cache DIR    where the image is made and kept (build/fresh)
  --output FILE  write the results also as JSON, in the form of lit's
Needs root and a network. Settings of this machine's apt (proxy, certificates,
logins) and http_proxy, https_proxy, no_proxy are used in the image too."
}

fresh_quick=0
fresh_cache="$moe_build/fresh"
fresh_output=
fresh_cases=()
fresh_sources=()
fresh_check_flags=()
while [ $# -gt 0 ]; do
  case "$1" in
  -h | --help) fresh_usage && exit 0 ;;
  --quick) fresh_quick=1 ;;
  --all) fresh_check_flags=(--all) ;;
  --case | --source | --cache | --output)
    if [ $# -lt 2 ]; then
      echo "check_fresh.sh: error: expected a value after '$1'" >&2
      exit 2
    fi
    case "$1" in
    --case) fresh_cases+=("$2") ;;
    --source) fresh_sources+=("$2") ;;
    --cache) fresh_cache=$2 ;;
    --output) fresh_output=$2 ;;
    esac
    shift
    ;;
  *)
    echo "check_fresh.sh: error: unknown flag '$1'" >&2
    exit 2
    ;;
  esac
  shift
done
for name in "${fresh_cases[@]}"; do
  if [[ " ${quick_cases[*]} ${full_cases[*]} " != *" $name "* ]]; then
    echo "check_fresh.sh: error: expected a case of --help, got '$name'" >&2
    exit 2
  fi
done
for line in "${fresh_sources[@]}"; do
  if [[ ! "${line/\[*\] /}" =~ ^deb\ +[^\ ]+\ +[^\ ]+\ +[^\ ]+ ]]; then
    echo "check_fresh.sh: error: expected 'deb ADDRESS SUITE COMPONENT', got '$line'" >&2
    exit 2
  fi
done
if [ ${#fresh_cases[@]} -eq 0 ]; then
  fresh_cases=("${quick_cases[@]}")
  [ "$fresh_quick" = 1 ] || fresh_cases+=("${full_cases[@]}")
fi

# ---- Results --------------------------------------------------------------

fresh_passed=0 fresh_failed=0 fresh_skipped=0
fresh_json=
fresh_begin=$SECONDS

# fresh_result CODE NAME SECONDS REASON: counts and says it. REASON is a fixed
# text of this file, so that JSON needs no escapes.
fresh_result() {
  local suffix=${4:+": $4"}
  case "$1" in
  PASS) fresh_passed=$((fresh_passed + 1)) && echo "passed: fresh/$2 ($3 s)" ;;
  FAIL) fresh_failed=$((fresh_failed + 1)) && echo "failed: fresh/$2 ($3 s)$suffix" ;;
  *) fresh_skipped=$((fresh_skipped + 1)) && echo "skipped: fresh/$2$suffix" ;;
  esac
  fresh_json+="${fresh_json:+,}
{\"name\": \"fresh/$2\", \"code\": \"$1\", \"elapsed\": $3, \"output\": \"${4:-}\"}"
}

fresh_finish() {
  [ -z "$fresh_output" ] ||
    printf '{"tests": [%s\n]}\n' "$fresh_json" >"$fresh_output"
  moe_say "fresh machine: $((SECONDS - fresh_begin)) s in all"
  echo "$fresh_passed passed, $fresh_failed failed, $fresh_skipped skipped"
  [ "$fresh_failed" = 0 ] || exit 1
  [ "$fresh_quick" = 1 ] || [ "$fresh_skipped" = 0 ] || exit 1
  exit 0
}

# fresh_skip_all REASON: no case can run.
fresh_skip_all() {
  local name
  for name in "${fresh_cases[@]}"; do
    fresh_result SKIPPED "$name" 0 "$1"
  done
  fresh_finish
}

# ---- The image ------------------------------------------------------------

# Fills fresh_sources from what this machine's apt uses, if it is a Debian 12.
fresh_find_sources() {
  [ ${#fresh_sources[@]} -eq 0 ] || return 0
  local targets uri suite component
  local -A address=()
  targets=$(apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
    'Created-By: Packages' 2>/dev/null) || true
  while read -r uri suite component; do
    [ "$component" != main ] || address[$suite]=${address[$suite]:-$uri}
  done <<<"$targets"
  local debian=${address[bookworm]:-http://deb.debian.org/debian}
  fresh_sources=(
    "deb $debian bookworm main"
    "deb ${address[bookworm-updates]:-$debian} bookworm-updates main"
    "deb ${address[bookworm-security]:-http://deb.debian.org/debian-security} bookworm-security main"
  )
}

# Makes the archive of an empty image unless there is one of the same content.
fresh_make_archive() {
  local uri suite key folder
  # Without [options]; a line may have them.
  read -r _ uri suite _ <<<"${fresh_sources[0]/\[*\] /}"
  key=$(printf '%s %s minbase %s' "$uri" "$suite" "$(debootstrap --version)" |
    sha256sum)
  fresh_archive="$fresh_cache/minbase-${key:0:16}.tar"
  [ ! -e "$fresh_archive" ] || return 0
  moe_say "making an empty image: debootstrap --variant=minbase $suite"
  folder=$(mktemp -d "$fresh_cache/base-XXXXXX")
  if debootstrap --variant=minbase "$suite" "$folder" "$uri" \
    >"$fresh_cache/debootstrap.log" 2>&1 &&
    rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/* &&
    tar -C "$folder" -cf "$fresh_archive.part" .; then
    mv "$fresh_archive.part" "$fresh_archive"
    rm -rf "$folder"
    return 0
  fi
  rm -rf "$folder" "$fresh_archive.part"
  return 1
}

# Unpacks a new image with the sources, this machine's settings of apt and a copy
# of the checkout, without what was built there.
fresh_new_image() {
  [ -z "${fresh_image:-}" ] || rm -rf "$fresh_image"
  fresh_image=$(mktemp -d "$fresh_cache/image-XXXXXX")
  tar -C "$fresh_image" -xf "$fresh_archive"
  chmod 755 "$fresh_image"
  local etc=$fresh_image/etc settings file
  printf '%s\n' "${fresh_sources[@]}" >"$etc/apt/sources.list"
  # The hooks of this machine's apt call programs that the image does not have.
  settings=$(LC_ALL=C apt-config dump)
  while IFS= read -r file; do
    case "$file" in
    Acquire::http* | Acquire::Check-* | Acquire::Retries* | Acquire::Force*)
      printf '%s\n' "$file"
      ;;
    esac
  done <<<"$settings" >"$etc/apt/apt.conf.d/90host"
  for file in resolv.conf hosts apt/auth.conf apt/auth.conf.d apt/keyrings \
    apt/trusted.gpg.d ssl/certs/ca-certificates.crt; do
    [ -e "/etc/$file" ] || continue
    mkdir -p "$(dirname "$etc/$file")"
    rm -f "$etc/$file" 2>/dev/null || true
    cp -rL "/etc/$file" "$(dirname "$etc/$file")/"
  done
  # The image is thrown away: dpkg need not wait for the disk.
  echo force-unsafe-io >"$etc/dpkg/dpkg.cfg.d/unsafe-io"
  fresh_copy_checkout "$fresh_image/opt/moe-mlir"
}

fresh_copy_checkout() {
  mkdir -p "$1"
  tar -C "$moe_root" --exclude='./build*' --exclude=./.git --exclude=./.cache \
    --exclude=__pycache__ --exclude="./${fresh_cache#"$moe_root/"}" -cf - . | tar -C "$1" --no-same-owner -xf -
}

# fresh_enter [--net] COMMAND...: runs it in the image, without a terminal and with
# an environment of its own; --net: without a network. Mounts and processes end
# with it where this system lets root make namespaces.
fresh_enter() {
  local separate=() net=()
  if [ "$1" = --net ]; then
    net=(--net)
    shift
  fi
  # /dev/pts and /dev/shm, which every machine has, are empty folders in an image.
  # shellcheck disable=SC2016 # the inner shell's words
  [ "$fresh_isolated" = 0 ] || separate=(unshare --mount --pid --fork --kill-child
    "--mount-proc=$fresh_image/proc" "${net[@]}" sh -c '
      mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts"
      mount -t tmpfs tmpfs "$0/dev/shm"
      ln -sf pts/ptmx "$0/dev/ptmx"
      exec "$@"' "$fresh_image")
  "${separate[@]}" chroot "$fresh_image" env -i \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root ${http_proxy:+"http_proxy=$http_proxy"} \
    ${https_proxy:+"https_proxy=$https_proxy"} ${no_proxy:+"no_proxy=$no_proxy"} \
    setsid --wait "$@" </dev/null
}

# fresh_prepare COMMAND...: a step in the image that is no part of what is shown.
fresh_prepare() {
  fresh_enter "$@" >>"$fresh_log" 2>&1 || fresh_reason="the image could not be prepared"
}

# fresh_expect STATUS WORDS... -- ARGUMENT...: runs fresh_enter ARGUMENT...; the
# exit code must be STATUS and the output must have all WORDS ('!WORDS': not).
fresh_expect() {
  local expected=$1 status=0 words=() text
  shift
  while [ "$1" != -- ]; do
    words+=("$1")
    shift
  done
  shift
  [ -z "$fresh_reason" ] || return 0
  printf '\n+ %s\n' "$*" >>"$fresh_log"
  fresh_enter "$@" >"$fresh_log.part" 2>&1 || status=$?
  text=$(<"$fresh_log.part")
  printf '%s\n' "$text" >>"$fresh_log"
  rm "$fresh_log.part"
  [ "$status" = "$expected" ] ||
    fresh_reason="expected exit code $expected, got $status"
  local word
  for word in "${words[@]}"; do
    if [[ "$word" = !* ]]; then
      [[ "$text" = *"${word#!}"* ]] || continue
      printf '+ unexpected: %s\n' "${word#!}" >>"$fresh_log"
      fresh_reason="unexpected words in the output"
    elif [[ "$text" != *"$word"* ]]; then
      printf '+ expected: %s\n' "$word" >>"$fresh_log"
      fresh_reason="expected words are not in the output"
    fi
  done
}

# ---- The cases ------------------------------------------------------------

demo=/opt/moe-mlir/scripts/demo.sh
check=/opt/moe-mlir/scripts/check.sh
as_user=(setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/opt/user)

# What apt's simulation says for each package of a list.
fresh_inst() { printf 'Inst %s \n' "$@"; }

fresh_need_user() {
  [ -d "$fresh_image/opt/user" ] || fresh_prepare useradd -m -d /opt/user -u 1000 user
}

# sudo, which asks the user for a password or, with NOPASSWD, does not.
fresh_need_sudo() {
  fresh_need_user
  fresh_prepare apt-get update -qq
  fresh_prepare apt-get install -y -qq --no-install-recommends sudo
  echo "user ALL=(ALL) $1 ALL" >"$fresh_image/etc/sudoers.d/user"
}

case_no_network() {
  rm -rf "$fresh_image"/var/lib/apt/lists/*
  fresh_expect 1 "demo.sh: error: apt-get update failed" "check the network" -- \
    --net "$demo" --simulate
  fresh_expect 1 "check.sh: error: apt-get update failed" "check the network" -- \
    --net "$check" --simulate
}

case_root() {
  mapfile -t words < <(fresh_inst "${moe_core_packages[@]}")
  fresh_expect 0 "== installing with apt: cmake" "${words[@]}" -- "$demo" --simulate
  fresh_expect 0 "${words[@]}" "!Inst python3-torch " -- "$check" --simulate
  mapfile -t words < <(fresh_inst "${moe_core_packages[@]}" \
    "${moe_optional_packages[@]}")
  fresh_expect 0 "${words[@]}" -- "$check" --all --simulate
}

# A path with a space, started elsewhere, in German, by a shell of su, in CI, with
# a home that cannot be written to.
case_odd_place() {
  fresh_copy_checkout "$fresh_image/opt/moe mlir"
  fresh_prepare ln -sf "/opt/moe mlir/scripts/demo.sh" /usr/local/bin/moe-demo
  fresh_expect 0 "Inst libmlir-22-dev " -- env LC_ALL=C.UTF-8 LANGUAGE=de CI=true \
    HOME=/proc PATH=/usr/local/bin:/usr/bin:/bin moe-demo --simulate
  fresh_expect 0 "Inst libmlir-22-dev " -- env LC_ALL=C.UTF-8 LANGUAGE=de \
    CDPATH=/usr sh -c 'cd "/opt/moe mlir" && bash scripts/demo.sh --simulate'
  fresh_expect 1 "expected a checkout in a path without spaces" \
    "!installing with apt" -- "/opt/moe mlir/scripts/check.sh"
}

case_user_without_sudo() {
  fresh_need_user
  rm -f "$fresh_image/usr/bin/sudo"
  local words=("this user is not root and there is no sudo"
    "as root, run: apt-get update && apt-get install --no-install-recommends cmake")
  fresh_expect 1 "${words[@]}" -- "${as_user[@]}" "$demo" --simulate
  fresh_expect 1 "${words[@]}" -- "${as_user[@]}" "$check" --simulate
}

case_sudo_with_password() {
  fresh_need_sudo ''
  fresh_expect 1 "sudo does not let it run apt-get" \
    "as root, run: apt-get update && apt-get install --no-install-recommends cmake" \
    -- "${as_user[@]}" "$demo" --simulate
}

case_user_with_sudo() {
  fresh_need_sudo NOPASSWD:
  fresh_expect 0 "Inst libmlir-22-dev " -- "${as_user[@]}" "$demo" --simulate
  fresh_expect 0 "Inst libmlir-22-dev " -- "${as_user[@]}" "$check" --simulate
}

# A package that is installed and held is there; one that was removed is not.
case_held_package() {
  fresh_prepare apt-get update -qq
  fresh_prepare apt-get install -y -qq --no-install-recommends zlib1g-dev ccache
  fresh_prepare apt-mark hold zlib1g-dev
  fresh_prepare apt-get remove -y -qq ccache
  fresh_expect 0 "!Inst zlib1g-dev " "!Conf zlib1g-dev " "Inst ccache " -- \
    "$demo" --simulate
  fresh_prepare apt-mark unhold zlib1g-dev
  fresh_prepare apt-get purge -y -qq zlib1g-dev ccache
}

# Debian 12's own LLVM is 14: it neither stands for 22 nor has to go.
case_other_llvm() {
  fresh_prepare apt-get update -qq
  fresh_prepare apt-get install -y -qq --no-install-recommends llvm
  fresh_expect 0 "Inst llvm-22-dev " "Inst libmlir-22-dev " "Inst clang-22 " \
    "!Remv " -- "$check" --simulate
}

case_no_security() {
  local line
  for line in "${fresh_sources[@]}"; do
    [[ "$line" = *-security* ]] || printf '%s\n' "$line"
  done >"$fresh_image/etc/apt/sources.list"
  local words=("error: apt has no package clang-22"
    "deb http://deb.debian.org/debian-security bookworm-security main")
  fresh_expect 1 "${words[@]}" "!Inst " -- "$demo" --simulate
  fresh_expect 1 "${words[@]}" "!Inst " -- "$check" --simulate
  printf '%s\n' "${fresh_sources[@]}" >"$fresh_image/etc/apt/sources.list"
}

case_demo() {
  fresh_new_image
  fresh_expect 0 "result        correct" -- "$demo"
}

# In the image of the demo where there is one.
case_check() {
  [[ " ${fresh_cases[*]} " = *" demo "* ]] || fresh_new_image
  fresh_expect 0 " passed, 0 failed, " -- "$check" "${fresh_check_flags[@]}"
}

# What a user builds belongs to the user, with sudo before the script as well, and
# uses nothing of the other LLVM. The compiler's cache of the cases before is kept:
# only the time differs.
case_demo_as_user_beside_llvm_14() {
  local ccache
  ccache=$(mktemp -d "$fresh_cache/ccache-XXXXXX")
  [ ! -d "${fresh_image:-none}/root/.cache/ccache" ] ||
    cp -a "$fresh_image/root/.cache/ccache/." "$ccache"
  fresh_new_image
  fresh_need_sudo NOPASSWD:
  fresh_prepare apt-get install -y -qq --no-install-recommends llvm clang lld
  mkdir -p "$fresh_image/opt/user/.cache"
  mv "$ccache" "$fresh_image/opt/user/.cache/ccache"
  fresh_prepare chown -R user: /opt/user /opt/moe-mlir
  fresh_expect 0 "result        correct" -- "${as_user[@]}" "$demo"
  fresh_expect 0 "result        correct" -- "${as_user[@]}" sudo "$demo"
  fresh_expect 0 libMLIR.so.22 libLLVM.so.22 "!LLVM-14" "!LLVM.so.14" -- \
    ldd /opt/moe-mlir/build/bin/moe-opt
  fresh_expect 0 clang++-22 "!llvm-14" "!clang-14" -- \
    cat /opt/moe-mlir/build/CMakeCache.txt
  fresh_expect 0 "!/" -- find /opt/moe-mlir ! -user user
}

# ---- All of it ------------------------------------------------------------

[ "$(id -u)" = 0 ] || fresh_skip_all "needs root for chroot"
# In a subshell: where it fails it ends, and says why.
(moe_install debootstrap) || fresh_skip_all "debootstrap is not installed and apt has none"
mkdir -p "$fresh_cache"
fresh_cache=$(readlink -f "$fresh_cache")
[[ "$fresh_cache" != *[[:space:]]* ]] || moe_fail \
  "expected a folder without spaces for the image, got '$fresh_cache'" \
  "debootstrap cannot write there; give another one with --cache"
fresh_isolated=1
unshare --mount --pid --net --fork --mount-proc true 2>/dev/null || fresh_isolated=0
fresh_image=
trap '[ -z "$fresh_image" ] || rm -rf "$fresh_image"' EXIT
fresh_find_sources
fresh_make_archive ||
  fresh_skip_all "debootstrap made no image; debootstrap.log in the cache says why"
# The full cases begin with an image of their own.
[[ " ${full_cases[*]} " = *" ${fresh_cases[0]} "* ]] || fresh_new_image

for name in "${fresh_cases[@]}"; do
  if [ "$fresh_isolated" = 0 ] &&
    [[ " no_network ${full_cases[*]} " = *" $name "* ]]; then
    fresh_result SKIPPED "$name" 0 "this system does not let root make namespaces (unshare)"
    continue
  fi
  moe_say "fresh machine: $name"
  fresh_log="$fresh_cache/$name.log"
  fresh_reason=
  fresh_start=$SECONDS
  : >"$fresh_log"
  "case_$name"
  fresh_time=$((SECONDS - fresh_start))
  if [ -z "$fresh_reason" ]; then
    fresh_result PASS "$name" "$fresh_time"
  else
    tail -n 25 "$fresh_log" >&2
    fresh_result FAIL "$name" "$fresh_time" "$fresh_reason"
  fi
done
fresh_finish
