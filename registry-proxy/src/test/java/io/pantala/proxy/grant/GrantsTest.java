package io.pantala.proxy.grant;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.Descriptor;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.RepositoryName;
import io.pantala.manifest.UpstreamName;
import io.pantala.registry.Exchange;
import io.pantala.registry.FakeRegistry;
import io.pantala.registry.Fault;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.RegistryConfig;
import io.pantala.registry.RegistryListener;
import io.pantala.registry.Upstreams;
import io.pantala.swarm.Authorization;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
@SuppressWarnings("NullAway.Init")
class GrantsTest {
    private static final UpstreamName UPSTREAM = UpstreamName.parse("registry.test");
    private static final RepositoryName REPOSITORY = new RepositoryName("a/b");

    private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

    private static final Digest MANIFEST = Digest.sha256(new byte[] {9});

    private final AtomicLong nanos = new AtomicLong();
    private Vertx vertx;
    private FakeRegistry registry;
    private RegistryClient client;
    private Grants grants;
    private Digest blob;

    @BeforeEach
    void start() {
        vertx = Vertx.vertx();
        registry = FakeRegistry.start();
        blob = registry.blob("a/b", new byte[] {1, 2, 3});
        client = new RegistryClient(
                vertx,
                new Upstreams(List.of(registry.upstream("registry.test"))),
                new RegistryConfig(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(5), 8),
                RegistryListener.NONE);
        grants = new Grants(client, nanos::get, () -> NOW.plusNanos(nanos.get()));
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        registry.close();
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @Test
    void asksOnceAMinuteWhileTheAnswerIsYes() {
        assertThat(check(anyone())).isInstanceOf(Verdict.Granted.class);
        pass(Duration.ofSeconds(59));
        assertThat(check(anyone())).isInstanceOf(Verdict.Granted.class);
        assertThat(asked()).hasSize(1);
        pass(Duration.ofSeconds(2));
        assertThat(check(anyone())).isInstanceOf(Verdict.Granted.class);
        assertThat(asked()).hasSize(2);
    }

    @Test
    void aBlobThatIsEmptyHasNoFirstByteToAskFor() {
        Digest empty = registry.blob("a/b", new byte[0]);
        Map<String, String> none = Map.of("Content-Range", "bytes */0");
        registry.next(empty.toString(), Fault.status(405), Fault.status(416, none));
        assertThat(grants.check(anyone(), empty).join()).isInstanceOf(Verdict.Granted.class);

        registry.next(blob.toString(), Fault.status(405), Fault.status(416, none));
        assertThat(refusedWith(check(anyone()))).isEqualTo(416);
    }

    @Test
    void aYesDoesNotOutliveTheTokenThatItWasGivenTo() {
        Asker ending = asker(token("{\"exp\":" + NOW.plusSeconds(20).getEpochSecond() + "}"));
        check(ending);
        pass(Duration.ofSeconds(19));
        check(ending);
        assertThat(asked()).hasSize(1);
        pass(Duration.ofSeconds(2));
        check(ending);
        check(ending);
        assertThat(asked()).hasSize(3);
    }

    @Test
    void aManifestGrantsNothingBeyondTheEndOfTheTokenThatItWasGivenTo() {
        Asker ending = asker(token("{\"exp\":" + NOW.plusSeconds(20).getEpochSecond() + "}"));
        grants.learnOf(ending, MANIFEST);
        grants.learn(
                ending,
                MANIFEST,
                new Manifest.Image(List.of(new Descriptor("application/octet-stream", blob, 3, null, List.of()))));
        pass(Duration.ofSeconds(19));
        check(ending);
        assertThat(asked()).isEmpty();
        pass(Duration.ofSeconds(2));
        assertThat(grants.hasManifest(ending, MANIFEST)).isFalse();
        check(ending);
        assertThat(asked()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"exp\":99999999999}",
                "{\"exp\":99999999999999999999999}",
                "{\"exp\":9223372036854775807}",
                "{\"exp\":\"soon\"}",
                "{}",
                "[1]",
                "no JSON"
            })
    void aTokenCanNotMakeAYesLastLongerThanAnyOther(String claims) {
        for (Asker asker : List.of(asker(token(claims)), asker("Bearer a.%%%.c"), asker("Bearer opaque"))) {
            int before = asked().size();
            check(asker);
            pass(Duration.ofSeconds(59));
            check(asker);
            assertThat(asked()).hasSize(before + 1);
            pass(Duration.ofSeconds(2));
            check(asker);
            assertThat(asked()).hasSize(before + 2);
        }
    }

    private static String token(String claims) {
        return "Bearer head." + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(UTF_8))
                + ".signature";
    }

    @Test
    void remembersANoForFiveSeconds() {
        registry.always(blob.toString(), Fault.status(404));

        assertThat(refusedWith(check(anyone()))).isEqualTo(404);
        pass(Duration.ofSeconds(4));
        assertThat(refusedWith(check(anyone()))).isEqualTo(404);
        assertThat(asked()).hasSize(1);
        pass(Duration.ofSeconds(2));
        check(anyone());
        assertThat(asked()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {429, 500, 503})
    void remembersNothingFromARegistryInTrouble(int status) {
        registry.next(blob.toString(), Fault.status(status, Map.of("Retry-After", "9")));

        Verdict verdict = check(anyone());

        assertThat(refusedWith(verdict)).isEqualTo(status);
        assertThat(((Verdict.Refused) verdict).refusal().headers()).contains(Map.entry("Retry-After", "9"));
        assertThat(check(anyone())).isInstanceOf(Verdict.Granted.class);
    }

    @Test
    void keepsToAYesWhileTheRegistryIsInTrouble() {
        check(anyone());
        registry.always(blob.toString(), Fault.status(503));

        assertThat(check(anyone())).isInstanceOf(Verdict.Granted.class);
        pass(Duration.ofSeconds(61));
        assertThat(refusedWith(check(anyone()))).isEqualTo(503);
    }

    @Test
    void saysSoWhenTheRegistryCantBeAsked() {
        registry.close();

        assertThat(check(anyone())).isInstanceOf(Verdict.Unreachable.class);
    }

    @Test
    void keepsCredentialsRepositoriesAndBlobsApart() {
        registry.requireBearer("user", "secret").hide("a/b");
        Asker reader = asker(registry.issueToken("a/b"));

        assertThat(check(reader)).isInstanceOf(Verdict.Granted.class);
        assertThat(refusedWith(check(anyone()))).isEqualTo(401);
        assertThat(refusedWith(check(asker(registry.issueToken("c/d"))))).isEqualTo(401);
        var elsewhere = new Asker(UPSTREAM, new RepositoryName("c/d"), reader.authorization());
        assertThat(refusedWith(check(elsewhere))).isEqualTo(401);
        assertThat(refusedWith(
                        grants.check(reader, Digest.sha256(new byte[] {9})).join()))
                .isEqualTo(404);
    }

    @Test
    void relaysTheChallengeWithWordsOfItsOwn() {
        registry.requireBearer("user", "secret").hide("a/b");

        var refusal = ((Verdict.Refused) check(anyone())).refusal();

        assertThat(refusal.headers())
                .anySatisfy(header -> {
                    assertThat(header.getKey()).isEqualToIgnoringCase("WWW-Authenticate");
                    assertThat(header.getValue()).startsWith("Bearer realm=");
                })
                .noneMatch(header -> header.getKey().equalsIgnoreCase("Content-Length"));
        assertThat(new String(refusal.body(), UTF_8)).contains("UNAUTHORIZED");
    }

    @Test
    void sharesOneQuestionAmongAllWhoAskTheSame() throws Exception {
        var gate = new CountDownLatch(1);
        registry.next(blob.toString(), Fault.status(405), Fault.holdAfter(0, gate));

        CompletableFuture<Verdict> first = grants.check(anyone(), blob);
        CompletableFuture<Verdict> second = grants.check(anyone(), blob);
        second.cancel(true);
        CompletableFuture<Verdict> third = grants.check(anyone(), blob);
        gate.countDown();

        assertThat(first.get(10, TimeUnit.SECONDS)).isInstanceOf(Verdict.Granted.class);
        assertThat(third.get(10, TimeUnit.SECONDS)).isInstanceOf(Verdict.Granted.class);
        assertThat(asked()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 405, 501})
    void asksForTheFirstByteWhereHeadIsBroken(int status) {
        registry.next(blob.toString(), Fault.status(status));

        assertThat(check(anyone())).isInstanceOf(Verdict.Granted.class);
        assertThat(asked().get(1).method()).isEqualTo("GET");
        assertThat(asked().get(1).header("Range")).isEqualTo("bytes=0-0");
    }

    @Test
    void takesATemporaryRedirectForAYesAndDoesNotFollow() {
        registry.redirecting();

        assertThat(check(anyone())).isInstanceOf(Verdict.Granted.class);
        assertThat(registry.requests()).noneMatch(Exchange::storage);
    }

    @Test
    void takesARedirectToAPageToLogInAtForANo() {
        registry.manifest("a/b", "login", "text/html", "<html>".getBytes(UTF_8));
        Fault login = Fault.redirect(302, "/v2/a/b/manifests/login");
        registry.ranges(false).always(blob.toString(), login);

        assertThat(check(anyone())).isInstanceOf(Verdict.Refused.class);
    }

    @Test
    void learnsFromAManifestWhatItsReaderMayRead() {
        Digest foreign = Digest.sha256(new byte[] {7});
        Digest byType = Digest.sha256(new byte[] {8});
        grants.learnOf(anyone(), MANIFEST);
        grants.learn(
                anyone(),
                MANIFEST,
                new Manifest.Image(List.of(
                        new Descriptor("application/octet-stream", blob, 3, null, List.of()),
                        new Descriptor("x", foreign, 1, null, List.of("https://elsewhere.example/x")),
                        new Descriptor(
                                "application/vnd.oci.image.layer.nondistributable.v1.tar",
                                byType,
                                1,
                                null,
                                List.of()))));

        assertThat(check(anyone())).isInstanceOf(Verdict.Granted.class);
        assertThat(registry.requests()).isEmpty();
        assertThat(refusedWith(grants.check(anyone(), foreign).join())).isEqualTo(404);
        assertThat(refusedWith(grants.check(anyone(), byType).join())).isEqualTo(404);
        check(asker("Basic other"));
        assertThat(asked()).hasSize(1);
        pass(Duration.ofSeconds(61));
        check(anyone());
        assertThat(asked()).hasSize(2);
    }

    @Test
    void grantsWhatAManifestListsNoLongerThanTheManifest() {
        Manifest manifest =
                new Manifest.Image(List.of(new Descriptor("application/octet-stream", blob, 3, null, List.of())));
        grants.learnOf(anyone(), MANIFEST);
        pass(Duration.ofSeconds(59));
        grants.learn(anyone(), MANIFEST, manifest);
        check(anyone());
        assertThat(asked()).isEmpty();

        pass(Duration.ofSeconds(2));
        grants.learn(anyone(), MANIFEST, manifest);
        check(anyone());
        assertThat(asked()).hasSize(1);
    }

    @Test
    void forgetsWhatProvedWrong() {
        check(anyone());
        grants.forget(anyone(), blob);
        check(anyone());

        assertThat(asked()).hasSize(2);
    }

    private Verdict check(Asker asker) {
        return grants.check(asker, blob).join();
    }

    private static int refusedWith(Verdict verdict) {
        return ((Verdict.Refused) verdict).refusal().status();
    }

    private List<Exchange> asked() {
        return registry.requests(blob.toString());
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private static Asker anyone() {
        return new Asker(UPSTREAM, REPOSITORY, Authorization.ANONYMOUS);
    }

    private static Asker asker(String authorization) {
        return new Asker(UPSTREAM, REPOSITORY, Authorization.of(authorization));
    }
}
