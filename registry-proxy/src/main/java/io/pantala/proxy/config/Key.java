package io.pantala.proxy.config;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A setting by its name, which is a key of the file, a flag and an environment variable: {@code seed.listen},
 * {@code --seed-listen}, {@code PANTALA_SEED_LISTEN}.
 */
public enum Key {
    LISTEN(
            "listen",
            Use.PROXY,
            "HOST:PORT",
            "127.0.0.1:6460",
            "where engines connect: registry mirror and HTTP(S) proxy"),
    SEEDS(
            "seeds",
            Use.BOTH,
            "HOST:PORT,..",
            null,
            "the seeds, or one name that stands for all of them; a proxy without any has a seed inside"),
    SEED_LISTEN("seed.listen", Use.SEED, "HOST:PORT", "[::]:6462", "control link, blocks and API"),
    PEER_LISTEN(
            "peer.listen",
            Use.PROXY,
            "HOST:PORT",
            null,
            "where other hosts fetch blocks; default [::]:6461, without join.token any port of 127.0.0.1"),
    PEER_ADVERTISE(
            "peer.advertise",
            Use.PROXY,
            "HOST[:PORT]",
            null,
            "what other hosts are told of that; default the address that seeds see"),
    JOIN_TOKEN(
            "join.token",
            Use.BOTH,
            "TOKEN",
            null,
            "what this node joins a cluster with, from `pantala token`; needed beyond loopback"),
    JOIN_TOKEN_FILE("join.token-file", Use.BOTH, "FILE", null, "a file that holds it"),
    PLAINTEXT(
            "plaintext",
            Use.BOTH,
            "BOOLEAN",
            "false",
            "cluster links without TLS beyond loopback; engines' credentials then never leave their host"),
    CLUSTER_CA(
            "cluster.ca",
            Use.SEED,
            "FILE",
            null,
            "the cluster's authority, made elsewhere: its certificate in PEM; else one is made at the first start"),
    CLUSTER_CA_KEY("cluster.ca-key", Use.SEED, "FILE", null, "its key in PEM, without a passphrase"),
    API_TOKENS_FILE(
            "api.tokens-file",
            Use.SEED,
            "FILE",
            null,
            "who may use the API beyond loopback: a hash a line, from `pantala token --api`"),
    ADMIN_LISTEN(
            "admin.listen",
            Use.BOTH,
            "HOST:PORT",
            "127.0.0.1:6463",
            "/healthz, /readyz, /metrics and what `pantala explain` shows"),
    DATA_DIR(
            "data-dir",
            Use.BOTH,
            "DIR",
            null,
            "blocks and state of one process; default /var/lib/pantala for root, else ~/.local/state/pantala"),
    UPSTREAM_URL(
            "upstreams.NAME.url",
            Use.BOTH,
            "NAME=URL",
            null,
            "a registry, beside or instead of the well-known public ones; an http:// URL is taken at its word"),
    UPSTREAM_CA(
            "upstreams.NAME.ca", Use.BOTH, "NAME=FILE", null, "whom to trust at that registry: certificates in PEM"),
    UPSTREAM_CLIENT_CERT(
            "upstreams.NAME.client-cert",
            Use.BOTH,
            "NAME=FILE",
            null,
            "who this node is to that registry: a certificate in PEM, with those in between"),
    UPSTREAM_CLIENT_KEY("upstreams.NAME.client-key", Use.BOTH, "NAME=FILE", null, "its key, PEM"),
    UPSTREAM_PROXY(
            "upstreams.NAME.proxy",
            Use.BOTH,
            "NAME=URL",
            null,
            "what leads to that registry: http://[user:password@]host:port or socks5://host:port"),
    UPSTREAM_CREDENTIALS(
            "upstreams.NAME.credentials",
            Use.BOTH,
            "NAME=FILE",
            null,
            "what to fetch blobs from that registry with, instead of the engines' own: a file with user:password,"
                    + " a Docker config.json, or helper:PROGRAM"),
    DEFAULT_UPSTREAM("default-upstream", Use.PROXY, "NAME", "docker.io", "what a request means that names no registry"),
    SERVE_STALE(
            "serve-stale",
            Use.PROXY,
            "BOOL",
            "true",
            "while a registry doesn't answer, what it said last, to those who could read it then"),
    LOOKAHEAD(
            "lookahead",
            Use.PROXY,
            "BOOL",
            "true",
            "while an engine reads a layer, the next ones of its image are fetched"),
    TUNNEL(
            "tunnel",
            Use.PROXY,
            "HOST,..",
            null,
            "hosts that are never intercepted where engines use this as their proxy: host, host:port or *.domain"),
    INTERCEPT_CA(
            "intercept.ca",
            Use.PROXY,
            "FILE",
            null,
            "certificate of the authority that engines trust, PEM; default: made at the first start, intercept-ca.crt in data-dir"),
    INTERCEPT_CA_KEY("intercept.ca-key", Use.PROXY, "FILE", null, "its key, PEM"),
    ACCESS_CIDRS(
            "access.cidrs",
            Use.PROXY,
            "CIDR,..",
            null,
            "whose requests are taken: 10.0.0.0/8, fd00::/8; default anyone's"),
    ACCESS_BASIC(
            "access.basic",
            Use.PROXY,
            "FILE",
            null,
            "users who may use this proxy, as htpasswd -B writes them; engines send them in Proxy-Authorization,"
                    + " to the mirror in Authorization"),
    DISK_QUOTA(
            "disk.quota",
            Use.BOTH,
            "SIZE",
            null,
            "own bytes at most: 200GiB, 50GB, plain bytes or 50%% of the disk; default half of what is free at first start"),
    DRAIN_TIMEOUT("drain.timeout", Use.BOTH, "TIME", "30s", "how long a stop waits for responses under way"),
    LOG_FORMAT("log.format", Use.BOTH, "FORMAT", "text", "text, or json: one object a line"),
    LOG_LEVEL("log.level", Use.BOTH, "LEVEL", "info", "error, warn, info, debug or trace"),

    LIMIT_UPLOAD(
            "limit.upload", Use.BOTH, "SIZE", null, "bytes a second to other nodes: 50MB, 100MiB; default no limit"),
    LIMIT_DOWNLOAD(
            "limit.download",
            Use.BOTH,
            "SIZE",
            null,
            "bytes a second from other nodes and registries; default no limit"),
    LIMIT_ORIGIN("limit.origin", Use.BOTH, "SIZE", null, "bytes a second from each registry; default no limit"),
    ZONE(
            "zone",
            Use.BOTH,
            "REGION/ZONE/RACK",
            null,
            "where this node is, coarse to fine: a block crosses the border of a zone about once");

    /** Which command acts on a setting; one file may serve them all. */
    public enum Use {
        PROXY,
        SEED,
        BOTH
    }

    private static final String UPSTREAMS = "upstreams.";
    private static final String PLACE = "NAME";

    private final String path;
    private final Use use;
    private final String syntax;
    private final @Nullable String preset;
    private final String meaning;

    Key(String path, Use use, String syntax, @Nullable String preset, String meaning) {
        this.path = path;
        this.use = use;
        this.syntax = syntax;
        this.preset = preset;
        this.meaning = meaning;
    }

    /** As in the file, nested at each dot. {@code NAME} stands for the name of an upstream. */
    public String path() {
        return path;
    }

    /** On the command line; {@code --upstream NAME=URL} where the key itself holds a name. */
    public String flag() {
        return "--" + slug();
    }

    /** In the environment. */
    public String variable() {
        return "PANTALA_" + slug().replace('-', '_').toUpperCase(Locale.ROOT);
    }

    /** What a value looks like. */
    public String syntax() {
        return syntax;
    }

    /** One line for the help. */
    public String meaning() {
        return meaning;
    }

    /** The value when none is set; null where there is none, or where it depends on the machine. */
    public @Nullable String preset() {
        return preset;
    }

    public boolean isFor(Use role) {
        return use == role || use == Use.BOTH;
    }

    /** Whether its value is to be shown to nobody. */
    boolean isSecret() {
        return this == JOIN_TOKEN;
    }

    boolean isList() {
        return this == SEEDS || this == TUNNEL || this == ACCESS_CIDRS;
    }

    /** Whether it is set once per upstream. */
    boolean isPerUpstream() {
        return path.startsWith(UPSTREAMS);
    }

    /** The path of this key for one upstream. */
    String pathFor(String upstream) {
        return path.replace(PLACE, upstream);
    }

    /** The name in the middle of a path of this key. */
    String upstreamIn(String concrete) {
        return concrete.substring(
                UPSTREAMS.length(), concrete.length() - property().length());
    }

    static Optional<Key> atPath(String concrete) {
        return Arrays.stream(values()).filter(key -> key.matches(concrete)).findFirst();
    }

    static Optional<Key> ofVariable(String variable) {
        return Arrays.stream(values())
                .filter(key -> key.variable().equals(variable))
                .findFirst();
    }

    /** Whether more keys can follow below this path. */
    static boolean isPrefix(String concrete) {
        String below = concrete + ".";
        return below.startsWith(UPSTREAMS) || Arrays.stream(values()).anyMatch(key -> key.path.startsWith(below));
    }

    static String nearestPath(String wrong) {
        return nearest(wrong, Arrays.stream(values()).map(Key::path).toList());
    }

    static String nearestVariable(String wrong) {
        return nearest(wrong, Arrays.stream(values()).map(Key::variable).toList());
    }

    /** The candidate with the fewest letters to change. */
    public static String nearest(String wrong, List<String> candidates) {
        return candidates.stream()
                .min(Comparator.comparingInt(candidate -> distance(wrong, candidate)))
                .orElseThrow();
    }

    private boolean matches(String concrete) {
        if (!isPerUpstream()) {
            return path.equals(concrete);
        }
        return concrete.startsWith(UPSTREAMS)
                && concrete.endsWith(property())
                && concrete.length() > UPSTREAMS.length() + property().length();
    }

    private String property() {
        return path.substring(UPSTREAMS.length() + PLACE.length());
    }

    private String slug() {
        if (this == UPSTREAM_URL) {
            return "upstream";
        }
        return (isPerUpstream() ? "upstream" + property() : path).replace('.', '-');
    }

    private static int distance(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j - 1], row[j]));
            }
        }
        return row[to.length()];
    }
}
