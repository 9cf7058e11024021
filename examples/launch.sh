# What the launchers in the directories beside this share; to be sourced, with $main the class to run. Builds when a
# source is newer than the build, and hands over the distribution that was built, unless $alone is set.

program=$(basename "$0")
: "${alone:=}"
root=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd -P) || exit 1
. "$root/registry-proxy/src/main/launcher/checkout.sh"

# Prints the newest file that matches the pattern.
newest() {
    # Unquoted: the pattern is to be expanded. Only names of our own making can match.
    # shellcheck disable=SC2012,SC2086
    ls -t $1 2>/dev/null | head -n 1
}

# One build makes the distribution and, after it, this jar.
find_examples() {
    examples=$(newest "$root/examples/target/examples-*.jar")
    archive=$(newest "$root/registry-proxy/target/pantala-*-*.tar.gz")
    [ -n "$examples" ] && [ -n "$archive" ] && ! is_stale "$examples" "$root/examples/src/main"
}

find_jdk || exit 1
if ! find_examples; then
    lock
    if ! find_examples; then
        build "$jar" -pl examples -am
        # Maven leaves a jar alone whose own sources are as they were.
        touch -c -r "$target/build.start" "$(newest "$root/examples/target/examples-*.jar")"
        find_examples || {
            echo "$program: the build made no distribution, which it does on Linux alone" >&2
            exit 1
        }
    fi
    unlock
fi
[ -n "$alone" ] || set -- --pantala "$archive" "$@"
exec "$jdk/bin/java" -Xmx512m -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -cp "$jar:$examples" "$main" "$@"
