#!/bin/sh
# Starts the app that lies beside it, from any folder, also through symbolic links; it needs no other program than sh,
# but readlink where it is such a link.
here=$0
case $here in
    */*) ;;
    *) here=$(command -v -- "$here") ;;
esac
while [ -L "$here" ]; do
    link=$(readlink -- "$here")
    case $link in
        /*) here=$link ;;
        *) here=${here%/*}/$link ;;
    esac
done
here=$(CDPATH='' cd -- "${here%/*}" && pwd -P) || exit
exec "{{ root }}/{{ python }}" -I -B "{{ root }}/{{ start }}" "$@"
