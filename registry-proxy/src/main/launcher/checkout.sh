# What the launchers in a checkout share; to be sourced, with $root the checkout's directory and $program the launcher's
# name. Finds a JDK, and builds when a source is newer than the build.

target=$root/registry-proxy/target
jar=$target/pantala.jar

# Prints the major version of the JDK at $1, read from its release file: asking java itself costs a JVM start.
jdk_version() {
    [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return
    while IFS='=' read -r key value; do
        if [ "$key" = JAVA_VERSION ]; then
            value=${value#\"}
            echo "${value%%[!0-9]*}"
            return
        fi
    done <"$1/release"
}

find_jdk() {
    on_path=$(command -v java) && on_path=$(readlink -f "$on_path")
    seen=
    for jdk in "${JAVA_HOME-}" "${on_path%/bin/java}" /usr/lib/jvm/* /opt/* "${HOME-}"/.sdkman/candidates/java/* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        version=$(jdk_version "$jdk")
        [ "${version:-0}" -lt 25 ] || return 0
        [ -z "$version" ] || seen="$seen
  $version in $jdk"
    done
    cat >&2 <<END
$program: no JDK 25 or newer found. Looked at JAVA_HOME, the java on the PATH, /usr/lib/jvm, /opt, ~/.sdkman
and /Library/Java/JavaVirtualMachines, and found${seen:- none}
Install one (https://adoptium.net has packages for every system; with SDKMAN: sdk install java 25-tem),
or set JAVA_HOME to one that is elsewhere.
END
    return 1
}

# Whether one of what pantala is built from, or of the directories named after the first, is newer than the file $1.
is_stale() {
    [ -f "$1" ] || return 0
    built=$1
    shift
    [ -n "$(find "$root/pom.xml" "$root/.mvn" "$root"/*/pom.xml "$root"/manifest/src/main \
        "$root"/peer-transport/src/main "$root"/seed-node/src/main "$root"/registry-proxy/src/main "$root/NOTICE" "$@" \
        -newer "$built" -print -quit)" ]
}

# Packages with Maven's arguments $2 and on, to get the file $1.
build() {
    command -v unzip >/dev/null || {
        echo "$program: the build needs unzip, which is not installed" >&2
        exit 1
    }
    wanted=$1
    shift
    log=$target/build.log
    echo "building pantala (log: $log) ..." >&2
    # The file gets the time of the build's start, so that what is edited during a build counts as newer.
    : >"$target/build.start"
    # What it starts must not keep the lock when it is killed itself.
    if ! (cd "$root" && JAVA_HOME=$jdk ./mvnw --quiet package -Dmaven.test.skip "$@") >"$log" 2>&1 9>&-; then
        tail -n 40 "$log" >&2
        echo "$program: the build failed; the whole log is $log" >&2
        exit 1
    fi
    touch -r "$target/build.start" "$wanted"
}

# Several may start at once; one builds, the others wait and find it done.
lock() {
    mkdir -p "$target" || exit 1
    exec 9>"$target/build.lock"
    command -v flock >/dev/null || return 0
    flock -n 9 || {
        echo "waiting for another that builds pantala ..." >&2
        flock 9
    }
}

unlock() {
    exec 9>&-
}
