# shellcheck shell=bash
# Sourced by scripts/demo and scripts/test: the repository's own virtual environment in .venv.
# Installs by apt what is missing where it may (root, or sudo without a password), else says what to install.

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_QUIET=1 DEBIAN_FRONTEND=noninteractive
python=""

say() { printf '%s\n' "$*" >&2; }

# as_root COMMAND…: runs it as root, or fails without asking for a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n env DEBIAN_FRONTEND=noninteractive "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

apt_install() {
    if [ -z "${apt_updated:-}" ]; then as_root apt-get update -qq >&2 && apt_updated=1; fi
    say "Installing $* …"
    as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Python 3.11 or newer that can make virtual environments, in $python; empty if there is none.
find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python="$name"
            return
        fi
    done
    python=""
}

# Makes .venv and installs Meterbook into it, again only when pyproject.toml or the place has changed.
prepare_environment() {
    local stamp="$repository/.venv/.meterbook" want
    want="$repository $(cksum <"$repository/pyproject.toml")"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
        find_python
        if [ -z "$python" ] && may_install; then
            apt_install python3 python3-venv
            find_python
        fi
        if [ -z "$python" ]; then
            say "Meterbook needs Python 3.11 or newer with venv, for example: apt-get install python3 python3-venv"
            exit 1
        fi
        say "Setting up .venv with $("$python" --version) …"
        "$python" -m venv --clear "$repository/.venv"
        "$repository/.venv/bin/python" -m pip install -e "$repository[fava,test]"
        printf '%s' "$want" >"$stamp"
    fi
    PATH="$repository/.venv/bin:$PATH"
}
