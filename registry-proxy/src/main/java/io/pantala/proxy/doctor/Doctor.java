package io.pantala.proxy.doctor;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.config.ByteSize;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.intercept.CertificateAuthority;
import io.pantala.proxy.pull.Marks;
import io.pantala.proxy.setup.Engine;
import io.pantala.proxy.setup.Setup;
import io.pantala.proxy.setup.SetupException;
import io.pantala.registry.Upstream;
import io.pantala.registry.Upstreams;
import io.pantala.transport.NodeAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/** Looks at a host from outside, check by check; each finding is told as soon as it is known. */
public final class Doctor {
    private static final Duration SOON = Duration.ofDays(14);
    private static final int CONNECT_MILLIS = 3_000;
    private static final long POLL_MILLIS = 100;
    private static final int LONGEST_SAID = 200;

    private final HostConfig config;
    private final List<Engine> wanted;
    private final Map<String, String> environment;
    private final Duration patience;
    private final RandomGenerator random;
    private final Consumer<Finding> told;

    /**
     * @param wanted engines to make pull; empty: those that were set up
     * @param patience for one engine
     */
    public Doctor(
            HostConfig config,
            List<Engine> wanted,
            Map<String, String> environment,
            Duration patience,
            RandomGenerator random,
            Consumer<Finding> told) {
        this.config = config;
        this.wanted = List.copyOf(wanted);
        this.environment = environment;
        this.patience = patience;
        this.random = random;
        this.told = told;
    }

    /** Checks all. */
    public void run() throws InterruptedException {
        try (Node node =
                new Node(reachable(config.listen()), reachable(config.node().admin()))) {
            if (proxy(node)) {
                settings(node);
                disk(node);
                seeds(node);
                registries(node);
            }
            Optional<String> authority = authority();
            List<Engine> engines = engines(authority);
            for (Engine engine : engines) {
                traffic(node, engine);
            }
            if (engines.isEmpty()) {
                told.accept(Finding.skip(
                        "engine",
                        "none was set up by pantala setup",
                        "pantala setup docker sets one up; --engine docker checks one that you did by hand"));
            }
        }
    }

    private boolean proxy(Node node) throws InterruptedException {
        String admin = config.node().admin().toString();
        try {
            HttpResponse<String> ready = node.admin("/readyz");
            if (ready.statusCode() != 200) {
                told.accept(Finding.fail(
                        "proxy", admin + " says: " + oneLine(ready.body()), "mend that; the proxy's log says more"));
                return false;
            }
            node.mirror("/pantala-doctor");
            told.accept(Finding.ok("proxy", "ready, and takes requests at " + config.listen()));
            return true;
        } catch (IOException e) {
            told.accept(
                    Finding.fail(
                            "proxy",
                            "nothing answers at %s and %s: %s".formatted(admin, config.listen(), reason(e)),
                            "start it: pantala proxy; if it runs, give doctor its settings (--config, --listen, --admin-listen)"));
            return false;
        }
    }

    /** What it is judged by here must be what it runs with. */
    private void settings(Node node) throws InterruptedException {
        try {
            Optional<Map<String, String>> running = node.settings();
            if (running.isEmpty()) {
                told.accept(
                        Finding.warn("settings", "the proxy doesn't say what it runs with", "is it another version?"));
                return;
            }
            Map<String, String> here = config.essentials();
            SortedSet<String> keys = new TreeSet<>(here.keySet());
            keys.addAll(running.get().keySet());
            List<String> others = keys.stream()
                    .filter(key -> !said(running.get(), key).equals(said(here, key)))
                    .map(key -> "%s is %s there, %s here".formatted(key, said(running.get(), key), said(here, key)))
                    .toList();
            told.accept(
                    others.isEmpty()
                            ? Finding.ok("settings", "those that the proxy runs with")
                            : Finding.fail(
                                    "settings",
                                    "the proxy runs with others: " + String.join("; ", others),
                                    "give doctor what the proxy was given (--config, flags, PANTALA_ variables), or restart"
                                            + " the proxy; what follows is judged by those here"));
        } catch (IOException e) {
            told.accept(Finding.fail("settings", reason(e), "see proxy above"));
        }
    }

    private static String said(Map<String, String> settings, String key) {
        String value = settings.getOrDefault(key, "");
        return value.isEmpty() ? "not set" : value;
    }

    private void disk(Node node) throws InterruptedException {
        try {
            String metrics = node.admin("/metrics").body();
            OptionalDouble held = gauge(metrics, "pantala_store_bytes");
            OptionalDouble quota = gauge(metrics, "pantala_store_quota_bytes");
            if (held.isEmpty() || quota.isEmpty()) {
                told.accept(Finding.fail("disk", "the proxy doesn't say what it keeps", "is it another version?"));
                return;
            }
            Path directory = config.node().directory();
            String evidence =
                    "%s of %s in %s".formatted(size(held.getAsDouble()), size(quota.getAsDouble()), directory);
            if (held.getAsDouble() > quota.getAsDouble()) {
                told.accept(Finding.fail("disk", evidence, "more is in use than disk.quota allows: raise it"));
                return;
            }
            double free = (double) Files.getFileStore(directory).getUsableSpace();
            if (free < quota.getAsDouble() - held.getAsDouble()) {
                told.accept(Finding.warn(
                        "disk",
                        evidence + ", but only " + size(free) + " are free",
                        "lower disk.quota or make room; blobs that don't fit pass through"));
                return;
            }
            told.accept(Finding.ok("disk", evidence));
        } catch (IOException e) {
            told.accept(Finding.fail(
                    "disk", config.node().directory() + ": " + reason(e), "is data-dir the one of the proxy?"));
        }
    }

    private void seeds(Node node) throws InterruptedException {
        List<NodeAddress> seeds = config.links().seeds();
        if (seeds.isEmpty()) {
            told.accept(Finding.ok("seeds", "none: this host works alone"));
            return;
        }
        List<String> dead = new ArrayList<>();
        for (NodeAddress seed : seeds) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(seed.host(), seed.port()), CONNECT_MILLIS);
            } catch (IOException e) {
                dead.add(seed + ": " + reason(e));
            }
        }
        OptionalDouble links = OptionalDouble.empty();
        try {
            links = gauge(node.admin("/metrics").body(), "pantala_seed_links");
        } catch (IOException e) {
            dead.add(reason(e));
        }
        String evidence = "linked to %.0f; named are %s".formatted(links.orElse(0), seeds);
        if (links.orElse(0) < 1) {
            told.accept(Finding.fail(
                    "seeds",
                    dead.isEmpty() ? evidence : evidence + "; " + String.join("; ", dead),
                    "are they running, is port 6462 open to this host, is the token of their cluster?"
                            + " Pulls go straight to the registries meanwhile"));
        } else if (!dead.isEmpty()) {
            told.accept(Finding.warn("seeds", evidence + "; " + String.join("; ", dead), "look after those"));
        } else {
            told.accept(Finding.ok("seeds", evidence));
        }
    }

    private void registries(Node node) throws InterruptedException {
        for (UpstreamName name : config.node().upstreams().names()) {
            Upstream upstream = config.node().upstreams().find(name).orElseThrow();
            if (name.equals(config.defaultUpstream()) || !Upstreams.WELL_KNOWN.contains(upstream)) {
                registry(node, upstream);
            }
        }
    }

    private void registry(Node node, Upstream upstream) throws InterruptedException {
        String check = "registry " + upstream.name();
        try {
            long start = System.nanoTime();
            HttpResponse<String> ping = node.mirror("/v2/?ns=" + upstream.name());
            long millis = Duration.ofNanos(System.nanoTime() - start).toMillis();
            String evidence = "%s answers %d in %d ms".formatted(upstream.url(), ping.statusCode(), millis);
            if (ping.statusCode() == 200 || ping.statusCode() == 401) {
                Optional<String> warning = ping.headers().firstValue("Warning");
                told.accept(
                        warning.isEmpty()
                                ? Finding.ok(check, evidence)
                                : Finding.fail(
                                        check,
                                        oneLine(warning.get()),
                                        "what was pulled before can be pulled; for the rest mend the way to it"));
            } else {
                told.accept(Finding.fail(
                        check,
                        evidence + ": " + oneLine(ping.body()),
                        "try curl " + upstream.url() + "/v2/ on this host; upstreams." + upstream.name()
                                + " has .proxy and .ca"));
            }
        } catch (IOException e) {
            told.accept(Finding.fail(check, reason(e), "the proxy's log says more"));
        }
    }

    /** The certificate that engines are to trust, if there is one. */
    private Optional<String> authority() {
        Path file = config.proxyMode()
                .authority()
                .map(supplied -> supplied.certificate())
                .orElseGet(() -> config.node().directory().resolve(CertificateAuthority.CERTIFICATE_FILE));
        try {
            Instant end = CertificateAuthority.endOf(file);
            String evidence = file + " is valid until " + end;
            if (end.isBefore(Instant.now().plus(SOON))) {
                told.accept(Finding.fail(
                        "authority", evidence, "delete it and its key, restart the proxy, set the engines up again"));
            } else {
                told.accept(Finding.ok("authority", evidence));
            }
            return Optional.of(Files.readString(file));
        } catch (IOException e) {
            told.accept(Finding.warn("authority", reason(e), "only engines in proxy mode need one"));
            return Optional.empty();
        }
    }

    /** Those to make pull, after a look at what they were set up with. */
    private List<Engine> engines(Optional<String> authority) {
        List<Engine> engines = new ArrayList<>();
        for (Engine engine : Engine.values()) {
            Setup setup = new Setup(Path.of("/"), config.node().directory(), engine);
            String check = engine.title() + " files";
            try {
                List<String> files = setup.files();
                if (!files.isEmpty()) {
                    List<String> changed = setup.changedSince();
                    boolean otherAuthority = authority.isPresent() && setup.trustsAnother(authority.get());
                    told.accept(
                            changed.isEmpty() && !otherAuthority
                                    ? Finding.ok(check, files.size() + " as pantala setup left them")
                                    : Finding.warn(
                                            check,
                                            otherAuthority
                                                    ? "the authority is not the one that it trusts"
                                                    : "changed since: " + String.join(", ", changed),
                                            "pantala setup " + engine.title() + " again"));
                }
                if (wanted.isEmpty() ? !files.isEmpty() : wanted.contains(engine)) {
                    engines.add(engine);
                }
            } catch (SetupException e) {
                told.accept(Finding.warn(check, String.valueOf(e.getMessage()), "mend it by hand"));
            }
        }
        return engines;
    }

    /** Makes an engine ask for what only this proxy can recognise. */
    private void traffic(Node node, Engine engine) throws InterruptedException {
        if (engine == Engine.BUILDKIT) {
            told.accept(Finding.skip(
                    engine.title() + " traffic",
                    "buildkitd pulls nothing but for a build",
                    "build anything with it, and look for that in the proxy's log"));
            return;
        }
        byte[] nonce = new byte[8];
        random.nextBytes(nonce);
        String mark = HexFormat.of().formatHex(nonce);
        String image = config.defaultUpstream() + "/" + Marks.REPOSITORIES + mark + ":probe";
        String check = engine.title() + " traffic";
        var pull = new FutureTask<>(() -> new EngineProbe(environment, hosts()).pull(engine, image));
        Thread pulling = Thread.ofVirtual().start(pull);
        try {
            Optional<String> seen = await(node, mark, pull);
            told.accept(seen.map(how -> Finding.ok(check, "its request arrived here, " + how))
                    .orElseGet(() -> missed(engine, check, image, pull)));
        } catch (IOException e) {
            told.accept(Finding.fail(check, reason(e), "see proxy above"));
        } finally {
            pulling.interrupt();
        }
    }

    private static Finding missed(Engine engine, String check, String image, FutureTask<String> pull) {
        String said = "nothing yet";
        if (pull.isDone()) {
            try {
                said = pull.get();
            } catch (ExecutionException e) {
                Throwable why = Optional.ofNullable(e.getCause()).orElse(e);
                return Finding.fail(
                        check,
                        oneLine(String.valueOf(why.getMessage())),
                        "pull anything with it, and look for that in the proxy's log");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return Finding.fail(
                check,
                "it was made to pull %s, which never arrived here; it said: %s".formatted(image, oneLine(said)),
                "restart it, if it was set up since it was started; else: pantala setup " + engine.title());
    }

    private Optional<String> await(Node node, String mark, Future<String> pull)
            throws IOException, InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            boolean over = pull.isDone() || System.nanoTime() - end > 0;
            Optional<String> seen = node.mark(mark);
            if (seen.isPresent() || over) {
                return seen;
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private String hosts() {
        try {
            return new Setup(Path.of("/"), config.node().directory(), Engine.CONTAINERD)
                    .files().stream()
                            .filter(file -> file.endsWith("/hosts.toml"))
                            .findFirst()
                            .map(file -> file.substring(
                                    0, file.lastIndexOf('/', file.length() - "/hosts.toml".length() - 1)))
                            .orElse("/etc/containerd/certs.d");
        } catch (SetupException e) {
            return "/etc/containerd/certs.d";
        }
    }

    private static OptionalDouble gauge(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst();
    }

    private static String size(double bytes) {
        return new ByteSize((long) bytes).toString();
    }

    private static NodeAddress reachable(NodeAddress address) {
        return switch (address.host()) {
            case "0.0.0.0", "::" -> new NodeAddress("127.0.0.1", address.port());
            default -> address;
        };
    }

    private static String reason(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName().replace("Exception", "") : oneLine(message);
    }

    private static String oneLine(String text) {
        String line = text.replaceAll("[^ -~]+", " ").strip();
        return line.substring(Math.max(0, line.length() - LONGEST_SAID));
    }
}
