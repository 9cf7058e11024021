package io.pantala.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pantala.faults.Cluster.Topology;
import io.pantala.manifest.Digest;
import io.pantala.proxy.config.Key;
import io.pantala.proxy.http.RawClient;
import io.pantala.proxy.node.Tuning;
import io.pantala.registry.Exchange;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What an engine gets when the registry fails, through a host alone and through a host with a seed. */
@Timeout(60)
class UpstreamFaultTest {
    private static final int SIZE = 3_000_000;
    private static final String REPOSITORY = "a/b";
    private static final String UPSTREAM = "registry.example";
    private static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final CountDownLatch NEVER = new CountDownLatch(1);

    @TempDir
    Path directory;

    private final byte[] content = content(SIZE);
    private final Digest digest = Digest.sha256(content);
    private final String target = "/v2/" + REPOSITORY + "/blobs/" + digest;
    private FakeRegistry registry = FakeRegistry.start();

    /** How the host knows that the engine may have the blob. */
    private enum Grant {
        /** The engine has got a manifest that lists it. */
        BY_MANIFEST,
        /** The host must ask the registry, whose answer suffers the fault as well. */
        ASKED_FOR
    }

    /** What an engine gets in the end. */
    private sealed interface Expected {
        void verify(Outcome outcome, long sent);
    }

    /** The right bytes. */
    private record Right() implements Expected {
        @Override
        public void verify(Outcome outcome, long sent) {
            assertThat(outcome).isEqualTo(new Outcome.Right());
        }
    }

    /** The right bytes, each of which the registry has sent once. */
    private record RightAndOnce() implements Expected {
        @Override
        public void verify(Outcome outcome, long sent) {
            assertThat(outcome).isEqualTo(new Outcome.Right());
            assertThat(sent).isEqualTo(SIZE);
        }
    }

    /** Fewer bytes than announced, or an error instead of any: never a reply that looks whole. */
    private record NotWhole() implements Expected {
        @Override
        public void verify(Outcome outcome, long sent) {
            assertThat(outcome).isInstanceOfAny(Outcome.CutShort.class, Outcome.Refused.class);
        }
    }

    /** An error as registries tell it. */
    private record Refusal(int status, String code) implements Expected {
        @Override
        public void verify(Outcome outcome, long sent) {
            assertThat(outcome).isEqualTo(new Outcome.Refused(status, code));
        }
    }

    /**
     * @param faults what the registry's answers suffer, in order
     * @param always what all further ones suffer
     */
    private record Case(String name, Expected expected, List<Fault> faults, Fault always, Tuning tuning) {
        static Case first(String name, Expected expected, Fault... faults) {
            return new Case(name, expected, List.of(faults), Fault.none(), Tunings.PATIENT);
        }

        static Case always(String name, Expected expected, Fault fault) {
            return new Case(name, expected, List.of(), fault, Tunings.PATIENT);
        }

        Case hasty() {
            return new Case(name, expected, faults, always, Tunings.HASTY);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static List<Case> cases() {
        Map<String, String> soon = Map.of("Retry-After", "1");
        Map<String, String> late = Map.of("Retry-After", "3600");
        Map<String, String> page = Map.of("Content-Type", "text/html");
        return List.of(
                Case.always("403", new Refusal(403, "DENIED"), Fault.status(403)),
                Case.always("404", new Refusal(404, "BLOB_UNKNOWN"), Fault.status(404)),
                Case.first("429, come back soon", new RightAndOnce(), Fault.none(), Fault.status(429, soon)),
                Case.always("429, come back late", new Refusal(429, "TOOMANYREQUESTS"), Fault.status(429, late)),
                Case.first("500, once", new RightAndOnce(), Fault.status(500)),
                Case.always("500", new Refusal(500, "UNKNOWN"), Fault.status(500)),
                Case.first(
                        "503, three times",
                        new RightAndOnce(),
                        Fault.status(503),
                        Fault.status(503),
                        Fault.status(503)),
                Case.always("503, with a page", new Refusal(503, "UNAVAILABLE"), new Fault.Status(503, page, "<html>")),
                Case.first("no answer, once", new Right(), Fault.late(NEVER)).hasty(),
                Case.always("no answer", new Refusal(504, "UNAVAILABLE"), Fault.late(NEVER))
                        .hasty(),
                Case.first("hung up, three times", new RightAndOnce(), Fault.hangUp(), Fault.hangUp(), Fault.hangUp()),
                Case.always("hung up", new Refusal(502, "UNAVAILABLE"), Fault.hangUp()),
                Case.first("headers, then silence, once", new Right(), Fault.stallAfter(0))
                        .hasty(),
                Case.first(
                                "silence in mid-body, twice",
                                new Right(),
                                Fault.stallAfter(300_000),
                                Fault.stallAfter(500_000))
                        .hasty(),
                Case.always("headers, then silence", new NotWhole(), Fault.stallAfter(0))
                        .hasty(),
                Case.first(
                        "cut by FIN",
                        new RightAndOnce(),
                        Fault.cutAfter(300_000),
                        Fault.cutAfter(0),
                        Fault.cutAfter(70_000)),
                Case.first(
                        "cut by RST",
                        new Right(),
                        Fault.resetAfter(300_000),
                        Fault.resetAfter(0),
                        Fault.resetAfter(70_000)),
                Case.always("cut after a little, each time", new RightAndOnce(), Fault.cutAfter(200_000)),
                Case.always("cut before any byte", new NotWhole(), Fault.cutAfter(0))
                        .hasty(),
                Case.first("a length too large, once", new Right(), Fault.length(1000)),
                Case.always("a length too large", new NotWhole(), Fault.length(1000))
                        .hasty(),
                Case.always("a length too small", new NotWhole(), Fault.length(-1000))
                        .hasty(),
                Case.always("no length", new Right(), Fault.chunked()),
                Case.always("Range ignored", new RightAndOnce(), Fault.ignoreRange()),
                Case.always("a wrong Content-Range", new Right(), Fault.contentRange("bytes 5-10/3000000")),
                Case.always("no sensible Content-Range", new Right(), Fault.contentRange("nonsense")),
                Case.always("gzip, though identity was asked for", new Right(), Fault.gzip()),
                Case.always("a page in place of the blob", new Refusal(502, "UNAVAILABLE"), Fault.page()),
                Case.always("corrupt at the start", new NotWhole(), Fault.corruptAt(0)),
                Case.always("corrupt in the middle", new NotWhole(), Fault.corruptAt(SIZE / 2)),
                Case.always("corrupt in the last block", new NotWhole(), Fault.corruptAt(SIZE - 1)),
                Case.always("a redirect loop", new Refusal(502, "UNAVAILABLE"), Fault.redirect(307, "?again")),
                Case.always("a redirect to nowhere", new Refusal(502, "UNAVAILABLE"), Fault.redirect(307, "ftp://x/")));
    }

    /** Where the registry says no, or nothing, it matters when it is first asked. */
    static Stream<Arguments> combinations() {
        return cases().stream()
                .flatMap(each -> Stream.of(Grant.values())
                        .filter(grant -> grant == Grant.BY_MANIFEST || each.expected instanceof Refusal)
                        .flatMap(grant ->
                                Stream.of(Topology.values()).map(topology -> Arguments.of(each, topology, grant))));
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @Execution(ExecutionMode.CONCURRENT)
    @MethodSource("combinations")
    void anEngineGetsWhatTheRegistryCanGive(Case fault, Topology topology, Grant grant) throws Exception {
        registry.blob(REPOSITORY, content);
        try (Cluster nodes = start(topology, fault.tuning)) {
            StrictEngine engine = nodes.engine();
            if (grant == Grant.BY_MANIFEST) {
                pullManifest(engine);
            }
            registry.next(target, fault.faults.toArray(Fault[]::new)).always(target, fault.always);

            fault.expected.verify(engine.blob(REPOSITORY, digest), registry.bytesSent(digest));
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void aChallengeReachesTheEngineAsItIs(Topology topology) throws Exception {
        registry.requireBearer("user", "secret").hide(REPOSITORY).blob(REPOSITORY, content);
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            RawClient.Reply reply = nodes.engine().reply("GET", target);

            assertThat(StrictEngine.refused(reply)).isEqualTo(new Outcome.Refused(401, "UNAUTHORIZED"));
            assertThat(reply.headers("WWW-Authenticate"))
                    .containsExactly("Bearer realm=\"" + registry.url()
                            + "/token\",service=\"fake\",scope=\"repository:" + REPOSITORY + ":pull\"");

            StrictEngine allowed = nodes.engine("Authorization: " + registry.issueToken(REPOSITORY));
            assertThat(allowed.blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void aRegistryThatLimitsItsRateIsNotAskedAgainBeforeItsTime(Topology topology) throws Exception {
        registry.blob(REPOSITORY, content);
        registry.always(target, Fault.status(429, Map.of("Retry-After", "3600")));
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            StrictEngine engine = nodes.engine();
            pullManifest(engine);

            RawClient.Reply reply = engine.reply("GET", target);

            assertThat(reply.status()).isEqualTo(429);
            assertThat(reply.header("Retry-After")).isEqualTo("3600");
            assertThat(registry.requests(target)).hasSize(1);
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void aRefusedConnectionIsToldInWords(Topology topology) throws Exception {
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            registry.close();
            StrictEngine engine = nodes.engine();

            RawClient.Reply reply = engine.reply("GET", target);
            assertThat(StrictEngine.refused(reply)).isEqualTo(new Outcome.Refused(502, "UNAVAILABLE"));
            assertThat(reply.text()).contains(UPSTREAM);
            assertThat(engine.manifest(REPOSITORY, digest)).isEqualTo(new Outcome.Refused(502, "UNAVAILABLE"));
            assertThat(StrictEngine.refused(engine.reply("GET", "/v2/?ns=" + UPSTREAM)))
                    .isEqualTo(new Outcome.Refused(502, "UNAVAILABLE"));
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void whatHasNoLengthIsAskedForOnce(Topology topology) throws Exception {
        registry.blob(REPOSITORY, content);
        registry.always(target, Fault.chunked());
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            StrictEngine engine = nodes.engine();
            assertThat(engine.blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());
            assertThat(engine.blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void whatWasCorruptOnceIsFetchedAnew(Topology topology) throws Exception {
        registry.blob(REPOSITORY, content);
        registry.always(target, Fault.corruptAt(SIZE / 2));
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            StrictEngine engine = nodes.engine();
            assertThat(engine.blob(REPOSITORY, digest)).isInstanceOf(Outcome.CutShort.class);
            registry.always(target, Fault.none());

            assertThat(engine.blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void aManifestThatIsSomethingElseIsHeldBack(Topology topology) throws Exception {
        byte[] manifest = "{\"schemaVersion\": 2}".getBytes(StandardCharsets.UTF_8);
        Digest of = registry.manifest(REPOSITORY, "1", OCI_MANIFEST, manifest);
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            for (Fault fault : List.of(Fault.page(), Fault.corruptAt(3), Fault.cutAfter(5), Fault.length(100))) {
                registry.always("/manifests/", fault);
                assertThat(nodes.engine().manifest(REPOSITORY, of)).isEqualTo(new Outcome.Refused(502, "UNAVAILABLE"));
            }
            registry.always("/manifests/", Fault.none());
            assertThat(nodes.engine().manifest(REPOSITORY, of)).isEqualTo(new Outcome.Right());
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void redirectsAreFollowedWithoutTheCredential(Topology topology) throws Exception {
        registry.requireBearer("user", "secret").hide(REPOSITORY).redirecting().blob(REPOSITORY, content);
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            StrictEngine engine = nodes.engine("Authorization: " + registry.issueToken(REPOSITORY));

            assertThat(engine.blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());

            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
            assertThat(registry.requests())
                    .filteredOn(Exchange::storage)
                    .isNotEmpty()
                    .allSatisfy(
                            asked -> assertThat(asked.header("Authorization")).isNull());
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void anExpiredSignedUrlIsAskedForAnew(Topology topology) throws Exception {
        registry.redirecting().blob(REPOSITORY, content);
        String url = "/store/" + REPOSITORY + "/blobs/" + digest;
        Fault expired = new Fault.Status(403, Map.of("Content-Type", "application/xml"), "<Error>expired</Error>");
        registry.next(url, expired, Fault.cutAfter(100_000), expired, expired);
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            StrictEngine engine = nodes.engine();

            assertThat(engine.blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());

            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void aStorageThatRefusesIsToldInWords(Topology topology) throws Exception {
        registry.redirecting().blob(REPOSITORY, content);
        registry.always(
                "/store/" + REPOSITORY,
                new Fault.Status(403, Map.of("Content-Type", "application/xml"), "<Error>expired</Error>"));
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            assertThat(nodes.engine().blob(REPOSITORY, digest)).isEqualTo(new Outcome.Refused(403, "DENIED"));
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void aSelfSignedCertificateIsTrustedWhenItIsGivenAsCa(Topology topology) throws Exception {
        registry.close();
        registry = FakeRegistry.startTls();
        registry.blob(REPOSITORY, content);
        Path ca = Files.writeString(directory.resolve("ca.pem"), FakeRegistry.certificate());
        try (Cluster nodes = cluster(topology, Tunings.PATIENT)
                .set(Key.UPSTREAM_CA, UPSTREAM + "=" + ca)
                .start()) {
            assertThat(nodes.engine().blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void aSelfSignedCertificateIsNotTrustedOtherwise(Topology topology) throws Exception {
        registry.close();
        registry = FakeRegistry.startTls();
        registry.blob(REPOSITORY, content);
        try (Cluster nodes = start(topology, Tunings.PATIENT)) {
            RawClient.Reply reply = nodes.engine().reply("GET", target);

            assertThat(StrictEngine.refused(reply)).isEqualTo(new Outcome.Refused(502, "UNAVAILABLE"));
            assertThat(reply.text()).contains(UPSTREAM, "its certificate isn't trusted", "ca can be set");
            assertThat(registry.requests()).isEmpty();
        }
    }

    /** Whoever controls the other upstream may say what it likes: it opens nothing, and spoils nothing. */
    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT)
    @EnumSource
    void anUpstreamThatClaimsAnothersPrivateBlobGetsNothing(Topology topology) throws Exception {
        registry.requireBearer("user", "secret").hide(REPOSITORY).blob(REPOSITORY, content);
        String token = "Authorization: " + registry.issueToken(REPOSITORY);
        byte[] guess = content(SIZE);
        Arrays.fill(guess, SIZE - 100, SIZE, (byte) 0);
        try (FakeRegistry other = FakeRegistry.start();
                Cluster nodes = cluster(topology, Tunings.PATIENT)
                        .upstream("other.example", other.url().toString())
                        .start()) {
            assertThat(nodes.engine(token).blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());
            other.blob("evil/claim", digest, guess);
            Digest manifest = other.manifest("evil/claim", "1", OCI_MANIFEST, manifest());
            StrictEngine thief = nodes.engine();
            String prefix = "/v2/other.example/evil/claim/";
            assertThat(thief.get(prefix + "manifests/" + manifest, manifest)).isEqualTo(new Outcome.Right());

            RawClient.Reply reply = thief.reply("GET", prefix + "blobs/" + digest);

            // Of its own bytes it may get what comes before the proof, but none of the other's.
            assertThat(reply.whole()).isFalse();
            assertThat(reply.body()).isEqualTo(Arrays.copyOf(guess, reply.body().length));
            assertThat(thief.blob(REPOSITORY, digest)).isEqualTo(new Outcome.Refused(401, "UNAUTHORIZED"));
            assertThat(nodes.engine(token).blob(REPOSITORY, digest)).isEqualTo(new Outcome.Right());
            assertThat(registry.bytesSent(digest)).isEqualTo(SIZE);
        }
    }

    private Cluster start(Topology topology, Tuning tuning) throws Exception {
        return cluster(topology, tuning).start();
    }

    private Cluster cluster(Topology topology, Tuning tuning) {
        return new Cluster(directory, topology, tuning)
                .upstream(UPSTREAM, registry.url().toString());
    }

    private void pullManifest(StrictEngine engine) throws Exception {
        Digest of = registry.manifest(REPOSITORY, "1", OCI_MANIFEST, manifest());
        // A hasty host on a busy machine may give up what is well.
        await().untilAsserted(() -> assertThat(engine.manifest(REPOSITORY, of)).isEqualTo(new Outcome.Right()));
    }

    private byte[] manifest() {
        return """
                {"schemaVersion": 2, "mediaType": "%s", "layers": [
                  {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": %d, "digest": "%s"}]}
                """.formatted(OCI_MANIFEST, SIZE, digest).getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] content(int size) {
        byte[] content = new byte[size];
        new Random(size).nextBytes(content);
        return content;
    }
}
