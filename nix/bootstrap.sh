# Makes the toolchain's root with nothing of the machine: unpacks all parts, starts their own Python, runs root.py.
# Words: busybox, 7-Zip, recipe, bootstrap settings, folder of scripts; then for each part its sha256 and its file.
set -e
busybox=$1 archiver=$2 recipe=$3 scripts=$4 loader=$5 libraries=$6 home=$7 python=$8
shift 8
"$busybox" mkdir in all scratch
while [ $# -gt 0 ]; do
    "$busybox" ln -s "$2" "in/$1"
    case $2 in
        *.deb)
            "$archiver" x -y -bso0 -bsp0 -oscratch "$2"
            "$busybox" tar -x -f scratch/data.tar -C all
            "$busybox" rm -r scratch/data.tar
            ;;
        *) "$archiver" x -y -bso0 -bsp0 -oall "$2" ;;
    esac
    shift 2
done
path=
for folder in $libraries; do path=$path${path:+:}all/$folder; done
export PYTHONHOME="$PWD/all/$home" PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8 TZ=UTC
"all/$loader" --library-path "$path" "all/$python" -s -S -B "$scripts/root.py" "$recipe" in "$out"
