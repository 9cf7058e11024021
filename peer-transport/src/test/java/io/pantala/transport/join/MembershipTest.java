package io.pantala.transport.join;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.TestCluster;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Pem;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Roots;
import io.pantala.transport.identity.Token;
import io.pantala.transport.link.Caller;
import io.pantala.transport.link.Door;
import io.pantala.transport.link.DoorListener;
import io.pantala.transport.link.LinkServer;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MembershipTest {
    private static final NodeIdentity HOST = new NodeIdentity(Role.HOST, "host-1");
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir
    private Path directory;

    private final Vertx vertx = Vertx.vertx();
    private final Instant start = Instant.now();
    private volatile Instant atSeed = start;
    private volatile Instant atHost = start;
    private final TestCluster cluster = new TestCluster(() -> atSeed);
    private final Token token = Token.create(cluster.authority().fingerprint());
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final List<Membership> members = new ArrayList<>();
    private volatile boolean refusing;
    private LinkServer server;
    private NodeAddress seed;

    @BeforeEach
    void startSeed() throws Exception {
        server = LinkServer.start(
                vertx,
                new NodeAddress("127.0.0.1", 0),
                Optional.of(cluster.tls(Role.SEED, "seed-1")),
                door(),
                1 << 16,
                this::serve);
        seed = new NodeAddress("127.0.0.1", server.port());
    }

    @AfterEach
    void close() throws Exception {
        members.forEach(Membership::close);
        server.close(Duration.ZERO);
        vertx.close().await(10, SECONDS);
    }

    private Door door() {
        return new Door(
                new Door.Rules(Door.Unproven.NONE, _ -> false, _ -> false, _ -> false, () -> atSeed),
                DoorListener.NONE);
    }

    /** As a seed does, and notes by what it knows who asks. */
    private void serve(HttpServerRequest request) {
        String secret = request.getHeader("Authorization");
        Caller caller = door().caller(request);
        request.body().onSuccess(body -> {
            asked.add(caller.node().map(NodeIdentity::toString).orElse("a stranger")
                    + (secret == null ? "" : " with a secret"));
            if (refusing || (secret != null && !secret.equals("Bearer " + token.secret()))) {
                request.response().setStatusCode(401).end("{\"detail\":\"not this one\"}");
                return;
            }
            try {
                JoinRequest join = JoinRequest.read(body.getBytes());
                X509Certificate certificate = cluster.authority().issue(join.request(), join.node(), atSeed, DAY);
                request.response()
                        .end(Buffer.buffer(new JoinAnswer(
                                        Pem.of(List.of(
                                                certificate, cluster.authority().certificate())),
                                        cluster.roots())
                                .write()));
            } catch (IOException | GeneralSecurityException e) {
                request.response().setStatusCode(400).end(e.toString());
            }
        });
    }

    @Test
    void joinsOnceAndComesBackWithWhatItWasGiven() throws Exception {
        Membership first = member(token);
        first.ready(seed).get(60, SECONDS);
        first.ready(seed).get(60, SECONDS);
        assertThat(asked).containsExactly("a stranger with a secret");
        assertThat(first.ends()).contains(ends(start));
        awaitKept(ends(start));

        Membership again = member(token);

        assertThat(again.ends()).isEqualTo(first.ends());
        again.ready(seed).get(60, SECONDS);
        assertThat(asked).hasSize(1);
    }

    @Test
    void allWhoWaitForItJoinOnce() throws Exception {
        Membership member = member(token);
        var one = member.ready(seed);
        var two = member.ready(seed);
        one.get(60, SECONDS);
        two.get(60, SECONDS);
        assertThat(asked).hasSize(1);
    }

    @Test
    void renewsWhenHalfOfItsLifeIsOverByTheCertificateItHas() throws Exception {
        Membership member = member(token);
        List<String> renewals = new ArrayList<>();
        member.ready(seed).get(60, SECONDS);
        member.onRenewal(() -> renewals.add("renewed"));
        asked.clear();

        atHost = atSeed = start.plus(Duration.ofHours(10));
        member.check(List.of(seed)).get(60, SECONDS);
        assertThat(asked).isEmpty();

        atHost = atSeed = start.plus(Duration.ofHours(14));
        member.check(List.of(seed)).get(60, SECONDS);
        assertThat(asked).containsExactly("host host-1");
        assertThat(renewals).containsExactly("renewed");
        assertThat(member.ends()).contains(ends(atSeed));
        awaitKept(ends(atSeed));

        member.check(List.of(seed)).get(60, SECONDS);
        assertThat(asked).hasSize(1);
    }

    @Test
    void renewsInTimeThoughItsClockWasFarAheadMeanwhile() throws Exception {
        Membership member = member(token);
        member.ready(seed).get(60, SECONDS);
        refusing = true;
        atHost = start.plus(Duration.ofDays(300));
        assertThatThrownBy(() -> member.check(List.of(seed)).get(60, SECONDS)).isInstanceOf(ExecutionException.class);
        member.check(List.of(seed)).get(60, SECONDS);

        refusing = false;
        asked.clear();
        atHost = atSeed = start.plus(Duration.ofHours(14));
        member.check(List.of(seed)).get(60, SECONDS);
        assertThat(asked).containsExactly("host host-1");
    }

    @Test
    void joinsAnewWithWhatBeginsLater() throws Exception {
        atHost = atSeed = start.plus(Duration.ofHours(3));
        Membership member = member(token);
        member.ready(seed).get(60, SECONDS);

        atHost = atSeed = start;
        member.ready(seed).get(60, SECONDS);
        assertThat(asked).containsExactly("a stranger with a secret", "a stranger with a secret");
        assertThat(member.ends()).contains(ends(start));
    }

    /** Its links may well stay up, but nobody lets it in anew. */
    @Test
    void joinsAnewByItselfWhenClocksGoBackBeforeItsCertificate() throws Exception {
        atHost = atSeed = start.plus(Duration.ofHours(3));
        Membership member = member(token);
        member.ready(seed).get(60, SECONDS);
        asked.clear();

        atHost = atSeed = start;
        member.check(List.of(seed)).get(60, SECONDS);
        member.check(List.of(seed)).get(60, SECONDS);

        assertThat(asked).containsExactly("a stranger with a secret");
        assertThat(member.ends()).contains(ends(start));
    }

    @Test
    void joinsAndRenewsThoughItsClockIsMinutesOff() throws Exception {
        for (Duration skew : List.of(Duration.ofMinutes(9), Duration.ofMinutes(-9))) {
            atSeed = start;
            atHost = start.plus(skew);
            Files.deleteIfExists(kept());
            Membership member = member(token);
            member.ready(seed).get(60, SECONDS);
            asked.clear();

            atSeed = start.plus(Duration.ofHours(14));
            atHost = atSeed.plus(skew);
            member.check(List.of(seed)).get(60, SECONDS);

            assertThat(asked).containsExactly("host host-1");
            assertThat(member.ends()).contains(ends(atSeed));
        }
    }

    @Test
    void joinsAgainWhenItsCertificateHasEnded() throws Exception {
        Membership member = member(token);
        member.ready(seed).get(60, SECONDS);
        asked.clear();

        atHost = atSeed = start.plus(DAY).plusSeconds(1);
        renewSeed();
        member.ready(seed).get(60, SECONDS);

        assertThat(asked).containsExactly("a stranger with a secret");
        assertThat(member.ends()).contains(ends(atSeed));
    }

    @Test
    void turnsToANewAuthorityWithinMinutes() throws Exception {
        Membership member = member(token);
        member.ready(seed).get(60, SECONDS);
        asked.clear();
        Authority newer = Authority.create(start);
        member.trust(new Roots(List.of(newer.certificate(), cluster.authority().certificate())));

        assertThat(told).contains("roots changed");
        atHost = start.plus(Duration.ofMinutes(10));
        member.check(List.of(seed)).get(60, SECONDS);
        assertThat(asked).containsExactly("host host-1");
    }

    @Test
    void joinsAnewWithAnotherToken() throws Exception {
        member(token).ready(seed).get(60, SECONDS);
        awaitKept(ends(start));
        Token other = Token.create(token.authority());

        Membership member = member(other);

        assertThat(member.ends()).isEmpty();
        assertThatThrownBy(() -> member.ready(seed).get(60, SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(JoinException.class)
                .hasMessage("the seed answers 401: not this one");
        assertThat(told).contains("not certified: the seed answers 401: not this one");
    }

    @Test
    void asksNobodyTooOftenForWhatItIsRefused() throws Exception {
        Membership member = member(token);
        member.ready(seed).get(60, SECONDS);
        refusing = true;
        atHost = atSeed = start.plus(Duration.ofHours(14));
        asked.clear();

        assertThatThrownBy(() -> member.check(List.of(seed, seed)).get(60, SECONDS))
                .isInstanceOf(ExecutionException.class);
        assertThat(asked).hasSize(2);
        member.check(List.of(seed)).get(60, SECONDS);
        assertThat(asked).hasSize(2);

        refusing = false;
        atHost = atHost.plus(Duration.ofMinutes(1));
        member.check(List.of(seed)).get(60, SECONDS);
        assertThat(member.ends()).contains(ends(atSeed));
    }

    @Test
    void joinsAnewWhenWhatItKeptIsBroken() throws Exception {
        member(token).ready(seed).get(60, SECONDS);
        awaitKept(ends(start));
        asked.clear();
        Files.writeString(kept(), "{\"token\":\"" + token.hash() + "\",\"key\":\"x\"}");

        Membership member = member(token);

        assertThat(member.ends()).isEmpty();
        member.ready(seed).get(60, SECONDS);
        assertThat(asked).containsExactly("a stranger with a secret");
    }

    @Test
    void givesItsSecretToNobodyWhoDoesNotProveTheAuthority() {
        Token foreign = Token.create(Authority.create(start).fingerprint());

        assertThatThrownBy(() -> member(foreign).ready(seed).get(60, SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("does not belong to the authority that the token names");
        assertThat(asked).isEmpty();
    }

    @Test
    void keepsItsKeyToItself() throws Exception {
        member(token).ready(seed).get(60, SECONDS);
        awaitKept(ends(start));

        assertThat(Files.getPosixFilePermissions(kept()))
                .extracting(Enum::name)
                .containsOnly("OWNER_READ", "OWNER_WRITE");
        assertThat(Files.readString(kept())).doesNotContain(token.secret());
    }

    /** With a new certificate, and at another address: somebody may have taken the one before. */
    private void renewSeed() throws Exception {
        server.close(Duration.ZERO);
        startSeed();
    }

    private Instant ends(Instant issued) {
        // Certificates count whole seconds.
        return issued.plus(DAY).truncatedTo(ChronoUnit.SECONDS);
    }

    private Path kept() {
        return directory.resolve("identity/identity.json");
    }

    private void awaitKept(Instant ends) {
        await().until(() -> member(token).ends().equals(Optional.of(ends)));
    }

    private Membership member(Token with) throws IOException {
        Membership member = Membership.open(
                vertx,
                directory.resolve("identity"),
                HOST,
                with,
                _ -> false,
                () -> atHost,
                new Random(3),
                new MembershipListener() {
                    @Override
                    public void notCertified(NodeAddress by, String why) {
                        told.add("not certified: " + why);
                    }

                    @Override
                    public void rootsChanged() {
                        told.add("roots changed");
                    }
                });
        members.add(member);
        return member;
    }
}
