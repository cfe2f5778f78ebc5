# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Sourced by ./dev: finds or makes a place where PearVisor can be built and run.
#
# A new enough distribution is used as it is, with its packages installed (`native`). Anything older gets a Debian 13
# root of ours, kept in the cache directory for every clone and entered by scripts/enter-root (`root`). Inside that root
# ./dev runs again and finds the mark left there (`inside`). Both also get a second, newer guest driver to test against,
# headers and libraries for a cross build to aarch64, and a second, newer QEMU.
#
# Every message goes to stderr: `./dev run` leaves stdout to the command it runs.

cache=${XDG_CACHE_HOME:-${HOME:?is not set: ./dev keeps what it makes below it}/.cache}/pearvisor
mark=/etc/pearvisor-root

# Names of what is cached: another recipe or package list gives another name.
packages=$(sed -e 's/#.*//' -e '/^ *$/d' "$project/scripts/packages/debian" | sort)
root=$cache/root-$(printf '%s\n' 'recipe 1' "$packages" | sha256sum | cut -c1-12)
next=$cache/next-1
qemu=$cache/qemu-1
libraries=$(sed -n '/^# libraries/,/^$/{/^[a-z]/p}' "$project/scripts/packages/debian")
aarch64=$cache/aarch64-$(printf '%s\n' 'recipe 1' "$libraries" | sha256sum | cut -c1-12)

say()
{
   printf 'dev: %s\n' "$*" >&2
}

die()
{
   say "$@"
   exit 1
}

# Runs a package manager as root: says so first; without a way to become root, says what to run and gives up.
as_root()
{
   if [ "$(id -u)" = 0 ]; then
      say "running: $*"
      "$@" </dev/null >/dev/null || die "that failed; run it by hand, then try again: $*"
   elif sudo -n true 2>/dev/null; then
      say "running: sudo $*"
      sudo -n env DEBIAN_FRONTEND=noninteractive "$@" </dev/null >/dev/null ||
         die "that failed; run it by hand, then try again: sudo $*"
   else
      die "this needs packages that only root can install; run: sudo $*"
   fi
}

# The distribution as `debian 13`; VERSION_ID is missing on Debian testing and sid.
distribution()
{
   local ID='' VERSION_ID=''
   [ ! -r /etc/os-release ] || . /etc/os-release
   echo "${ID:-unknown} ${VERSION_ID:-999}"
}

# Which of the three places this is: PEARVISOR_DEV=native or root overrules the choice.
place()
{
   local id version oldest
   if [ -e "$mark" ]; then
      echo inside
      return
   fi
   case ${PEARVISOR_DEV-} in
   native | root)
      echo "$PEARVISOR_DEV"
      return
      ;;
   esac
   read -r id version < <(distribution)
   case $id in
   debian) oldest=13 ;;
   ubuntu) oldest=25.04 ;;
   fedora) oldest=42 ;;
   *) oldest=1000 ;;
   esac
   if [ "$(printf '%s\n' "$oldest" "$version" | sort -V | head -n 1)" = "$oldest" ]; then
      echo native
   else
      echo root
   fi
}

# Prints those of the named packages that are not installed.
missing_packages()
{
   if command -v dpkg-query >/dev/null; then
      comm -13 <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
         sed -n 's/^installed //p' | sort -u) <(printf '%s\n' "$@" | sort -u)
   else
      local package
      for package; do
         rpm -q --quiet --whatprovides "$package" || echo "$package"
      done
   fi
}

install_packages()
{
   local missing
   mapfile -t missing < <(missing_packages "$@")
   [ ${#missing[@]} -gt 0 ] || return 0
   say "packages needed: ${missing[*]}"
   if command -v apt-get >/dev/null; then
      export DEBIAN_FRONTEND=noninteractive
      if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then
         as_root apt-get update -qq
      fi
      as_root apt-get install -y -qq --no-install-recommends "${missing[@]}"
   elif command -v dnf >/dev/null; then
      as_root dnf install -y -q "${missing[@]}"
   else
      die "no apt-get and no dnf here; install these another way, then try again: ${missing[*]}"
   fi
}

# mmdebstrap makes Debian trees on any distribution; as an ordinary user it also needs newuidmap.
install_mmdebstrap()
{
   command -v mmdebstrap >/dev/null || install_packages mmdebstrap debian-archive-keyring
   [ "$(id -u)" = 0 ] || command -v newuidmap >/dev/null || install_packages uidmap
}

# Prints what keeps mmdebstrap from working for this user; nothing if it can.
mmdebstrap_trouble()
{
   local free
   [ "$(id -u)" = 0 ] && return
   if ! unshare --user --map-root-user --mount true 2>/dev/null; then
      echo 'this system gives ordinary users no user namespaces; run ./dev as root.'
   elif ! grep -q "^\($(id -un)\|$(id -u)\):" /etc/subuid; then
      free=$(awk -F: 'BEGIN { free = 100000 } $2 + $3 > free { free = $2 + $3 } END { print free }' /etc/sub[ug]id)
      free=$free-$((free + 65535))
      echo "no sub-ids; run: sudo usermod --add-subuids $free --add-subgids $free $(id -un)"
   fi
}

# debian SUITE OPTION…: writes a Debian tree as a tar stream to stdout. Without a mirror mmdebstrap takes Debian's own;
# what the outside's apt knows of proxies counts here too. The temporary tree must be where sub-ids can reach it: not in
# the home directory.
debian()
{
   local suite=$1 option options=()
   shift
   while IFS= read -r option; do
      options+=("--aptopt=$option")
   done < <(apt-config dump --format '%F "%v";%n' Acquire::http::Proxy Acquire::https::Proxy 2>/dev/null | grep -v '""')
   [ "$(id -u)" = 0 ] || options+=(--mode=unshare)
   TMPDIR=/var/tmp mmdebstrap --quiet --format=tar "${options[@]}" --aptopt='Acquire::Check-Valid-Until "false"' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' "$@" "$suite" -
}

# Unpacks a tar stream as our own files, so that they can be entered and removed without being root.
unpack()
{
   tar --extract --no-same-owner --no-same-permissions --delay-directory-restore --directory "$@"
}

unfinished=''
trap '[ -z "$unfinished" ] || rm -rf --one-file-system "$unfinished"' EXIT

# once NAME FUNCTION: makes the cached directory NAME by calling FUNCTION with a temporary one, which gets its name only
# when it is complete. Of several ./dev at a time one makes it and the others wait. Fails as FUNCTION fails.
once()
{
   local name=$1 function=$2 status=0
   mkdir -p "$cache"
   exec 9>"$cache/lock"
   if ! flock --nonblock 9; then
      say 'waiting for another ./dev, which is at the same.'
      attended flock 9
   fi
   if [ ! -d "$name" ]; then
      unfinished=$name.new
      rm -rf --one-file-system "$unfinished"
      mkdir "$unfinished"
      attended "$function" "$unfinished" >&2 && mv --no-target-directory "$unfinished" "$name" || status=1
      rm -rf --one-file-system "$unfinished"
      unfinished=''
   fi
   exec 9>&-
   return $status
}

make_root()
{
   say "this system is older than Debian 13: making a Debian 13 root once, in $root (about two minutes)"
   debian trixie --variant=apt --include="$(printf '%s\n' "$packages" ca-certificates | paste -sd,)" |
      unpack "$1" --exclude='./dev/*' || return
   rm -f "$1/etc/resolv.conf"
   : >"$1/etc/resolv.conf"
   : >"$1$mark"
}

# The virtio driver of Debian's next release, with the two libraries of it that Debian 13 has too old, and its Vulkan
# headers. It is a convenience: tests that want it are skipped where it is missing.
make_next()
{
   local driver=$1/guest-forky vulkan=$1/vulkan-forky from=$1/from
   say 'fetching a second, newer guest driver once'
   mkdir "$driver" "$vulkan" "$from"
   debian forky --variant=extract --include=mesa-vulkan-drivers,libvulkan-dev |
      unpack "$from" --wildcards './usr/lib/*/libvulkan_virtio.so' './usr/lib/*/libdisplay-info.so.*' \
         './usr/lib/*/libwayland-client.so.*' './usr/include/vulkan' './usr/include/vk_video' \
         './usr/share/vulkan/registry' ||
      return
   mv "$from/usr/include" "$from/usr/share/vulkan/registry" "$vulkan" &&
      cp "$from"/usr/lib/*/libvulkan_virtio.so "$driver" &&
      cp --dereference "$from"/usr/lib/*/lib{display-info,wayland-client}.so.? "$driver" &&
      rm -r "$from" &&
      printf '%s\n' >"$driver/virtio_icd.json" \
         '{"file_format_version": "1.0.1", "ICD": {"api_version": "1.4.0", "library_path": "./libvulkan_virtio.so"}}' &&
      in_place "$project/scripts/rename-libraries" "$driver" libvulkan_virtio.so
}

# What a cross build for aarch64 needs of Debian 13, and its tests under qemu-user: headers and libraries. They stay in
# this directory; the system's packages and architectures are left alone.
make_aarch64()
{
   say 'fetching headers and libraries for aarch64 once'
   debian trixie --architectures=arm64 --variant=extract \
      --include="$(printf '%s\n' $libraries libstdc++-14-dev | paste -sd,)" |
      unpack "$1" --wildcards --exclude='libLLVM*' --exclude='libgallium*' --exclude='lib*san.*' './usr/include' \
         './usr/lib/aarch64-linux-gnu' './usr/lib/gcc' './usr/lib/linux/uapi' './usr/lib/ld-linux-aarch64.so.1' \
         './usr/share/pkgconfig' './usr/share/vulkan/registry' ||
      return
   ln -s usr/lib "$1/lib"
}

# The QEMU that Debian 13's backports have, beside the one it came with, whose libraries it uses. It looks for its modules
# and firmware where Debian puts them, unless it is told: so what is called is a script.
make_qemu()
{
   local hook='$1/etc/apt/sources.list'
   say 'fetching a second, newer QEMU once'
   debian trixie --variant=extract --include=qemu-system-x86,qemu-system-modules-opengl,qemu-system-gui \
      --setup-hook="sed -n 's/ trixie main/ trixie-backports main/p' \"$hook\" >>\"$hook.d/backports.list\"" \
      --setup-hook="printf '%s\n' 'Package: src:qemu:any src:seabios:any src:ipxe:any' 'Pin: release n=trixie-backports' \
         'Pin-Priority: 500' >\"\$1/etc/apt/preferences.d/qemu\"" |
      unpack "$1" --wildcards './usr/bin/qemu-system-x86_64' './usr/lib/x86_64-linux-gnu/qemu' './usr/share/qemu' \
         './usr/share/seabios' ||
      return
   mv "$1/usr/bin/qemu-system-x86_64" "$1/usr/bin/qemu" && mkdir "$1/bin" &&
      cat >"$1/bin/qemu-system-x86_64" <<'END' && chmod 755 "$1/bin/qemu-system-x86_64"
#!/bin/bash
at=$(dirname "$(dirname "$(readlink -f "$0")")")/usr
export QEMU_MODULE_DIR=$at/lib/x86_64-linux-gnu/qemu
exec -a "$0" "$at/bin/qemu" -L "$at/share/qemu" -L "$at/share/seabios" "$@"
END
}

# Runs a command where PearVisor is built, from outside.
in_place()
{
   if [ "$where" = root ]; then
      "$project/scripts/enter-root" "$root" "$project" --show "$cache" -- "$@"
   else
      "$@"
   fi
}

# prepare COMMAND ARGUMENT…: makes ready whatever is missing; sets `where`, and where ./dev runs on PEARVISOR_ICD_NEXT and
# its like, which tell the tests of what is there.
prepare()
{
   local trouble
   where=$(place)
   case $where in
   inside)
      next=/opt/pearvisor
      aarch64=/opt/pearvisor-aarch64
      qemu=/opt/pearvisor-qemu
      ;;
   native)
      if command -v apt-get >/dev/null; then
         install_packages $packages
      else
         install_packages $(sed -e 's/#.*//' "$project/scripts/packages/fedora")
      fi
      ;;
   root)
      if [ ! -d "$root" ]; then
         install_mmdebstrap
         trouble=$(mmdebstrap_trouble)
         [ -z "$trouble" ] || die "cannot make a Debian 13 root: $trouble"
         once "$root" make_root || die 'the Debian 13 root could not be made; the lines above say why.'
      fi
      ;;
   esac
   [ "$where" = inside ] || prepare_extras "$@"
   export PEARVISOR_ICD_NEXT=$next/guest-forky/virtio_icd.json PEARVISOR_VULKAN_NEXT=$next/vulkan-forky
   [ -e "$PEARVISOR_ICD_NEXT" ] || unset PEARVISOR_ICD_NEXT PEARVISOR_VULKAN_NEXT
   export PEARVISOR_AARCH64=$aarch64
   [ -d "$PEARVISOR_AARCH64/usr" ] || unset PEARVISOR_AARCH64
   export PEARVISOR_QEMU_NEXT=$qemu/bin
   [ -d "$PEARVISOR_QEMU_NEXT" ] || unset PEARVISOR_QEMU_NEXT
}

# prepare_extras COMMAND ARGUMENT…: what only some tests want. Where it failed before, only the commands that use it try
# (and complain) again.
prepare_extras()
{
   case $1 in
   build | test | demo) ;;
   *) [ ! -e "$next.tried" ] || return 0 ;;
   esac
   prepare_extra "$next" make_next 'no second guest driver'
   [ "$1" != test ] || prepare_extra "$aarch64" make_aarch64 'no libraries for aarch64'
   case " $* " in
   " test"*" vm "* | " test"*" all "*)
      [ "$(uname -m)" != x86_64 ] || prepare_extra "$qemu" make_qemu 'no second QEMU'
      ;;
   esac
}

# prepare_extra DIRECTORY FUNCTION COMPLAINT
prepare_extra()
{
   local trouble
   [ ! -d "$1" ] || return 0
   mkdir -p "$cache"
   : >"$1.tried"
   trouble=$(mmdebstrap_trouble)
   if [ -z "$trouble" ]; then
      install_mmdebstrap
      once "$1" "$2" || trouble='the lines above say why.'
   fi
   [ -z "$trouble" ] || say "$3, its tests will be skipped: $trouble"
}

# Removes everything cached. A mount below it would be somebody's files: then nothing is touched.
clean_cache()
{
   [ ! -e "$mark" ] || die 'clean --all removes the root this shell runs in: leave it first.'
   [ -d "$cache" ] || return 0
   if grep -qF " $(cd "$cache" && pwd -P)/" /proc/self/mounts; then
      die "something is mounted below $cache; unmount it first."
   fi
   exec 9>"$cache/lock"
   flock 9
   rm -rf --one-file-system "$cache"
}
