# Shared by the scripts beside it: where things are, how to say what happens. Sourced, never run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Where `make build` leaves what it built, and where tests leave their results.
binary=.build/release/gatewright
plugins=.build/plugins
results=.build/results

# Each import between targets must be declared in Package.swift.
build_flags=(--explicit-target-dependency-import-check error)

say() { printf '== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Makes or refreshes a virtual environment: folder, requirements file, further pip arguments.
# Nothing is downloaded when the requirements have not changed since the last time.
python_environment() {
    local folder=$1 requirements=$2
    shift 2
    local stamp="$folder/installed-from"
    if [[ -f $stamp ]] && cat "$requirements" | cmp --silent - "$stamp"; then return; fi
    say "Python packages of $requirements into $folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" "$@"
    cp "$requirements" "$stamp"
}

# Puts every plugin of a build where the host looks for it: SwiftPM calls them libNAME.so.
# A plugin is a shared object with the entry point of the ABI; other libraries are passed over.
# Arguments: the folder of the build's products, the folder for the plugins.
place_plugins() {
    local products=$1 folder=$2 source name
    mkdir -p "$folder"
    # Removed first: a running gateway keeps the files that it has mapped.
    rm -f "$folder"/*.so
    for source in Sources/Plugins/*/; do
        name=$(basename "$source")
        cp "$products/lib$name.so" "$folder/$name.so"
    done
}
