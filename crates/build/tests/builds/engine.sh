#!/bin/sh
# Stands in for docker where a test must not need one. A container is a session that neither its client's end nor the
# client's environment touches; each has a folder with its label beside this file, and every call is in `calls`.
here=$(dirname "$0")
echo "$*" >>"$here/calls"
verb=$1
shift
case $verb in
run)
    label=none
    while :; do
        case $1 in
        --rm | --init) shift ;;
        --label) label=$2 && shift 2 ;;
        --workdir) cd "$2" && shift 2 ;;
        --*) shift 2 ;;
        *) break ;;
        esac
    done
    shift
    box=$here/containers/box-$$
    echo "$DOCKER_HOST ${LD_LIBRARY_PATH-none} $PATH" >>"$here/client"
    mkdir -p "$box"
    echo "$label" >"$box/label"
    trap '' TERM
    (
        # shellcheck disable=SC2016
        setsid env -u TRUNKLINE_BUILD_ID sh -c 'trap - TERM
            box=$1 && shift && echo $$ >"$box/pid" && { "$@"; echo $? >"$box/new"; mv "$box/new" "$box/status"; }' \
            sh "$box" "$@" &
    )
    until test -e "$box/status"; do
        test -d "$box" || exit 137
        sleep 0.01
    done
    status=$(cat "$box/status")
    rm -r "$box"
    exit "$status"
    ;;
ps)
    for box in "$here"/containers/*; do
        case "label=$(cat "$box/label" 2>/dev/null)" in
        "$4" | "$4="*) basename "$box" ;;
        esac
    done
    ;;
rm)
    shift
    for id; do
        group=$(cat "$here/containers/$id/pid")
        kill -9 "-$group"
        # As an engine does: not before all is gone.
        while cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | grep -q "^[^ZX] [0-9]* $group "; do
            sleep 0.01
        done
        rm -r "$here/containers/$id"
    done
    ;;
esac
