package io.pantala.transport.join;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.pantala.manifest.Digest;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.NodeCertificate;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.PrivateFile;
import io.pantala.transport.identity.Roots;
import io.pantala.transport.identity.Token;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A host's place in its cluster. It joins with a token when it first dials a seed, keeps its certificate on disk, and
 * renews it when half of its life is over or another authority has taken over. One that has ended is got anew with the
 * token.
 */
public final class Membership implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Membership.class);
    private static final Duration CHECK = Duration.ofSeconds(2);

    /** How long the hosts of a cluster take to turn to a new authority, so that they don't all come at once. */
    private static final Duration TURN = Duration.ofMinutes(10);

    private static final Duration PAUSE = Duration.ofMinutes(1);
    private static final String FILE = "identity.json";

    private final PrivateFile file;
    private final Token token;
    private final Joining joining;
    private final InstantSource clock;
    private final Random random;
    private final MembershipListener listener;
    private final Vertx vertx;
    private final List<Runnable> followers = new CopyOnWriteArrayList<>();
    private final ClusterTls tls;
    private final AtomicReference<@Nullable Held> held = new AtomicReference<>();
    private volatile OptionalLong timer = OptionalLong.empty();
    private volatile Pause pause = Pause.NONE;

    // Guarded by this.
    private @Nullable CompletableFuture<Void> running;

    /**
     * What the cluster has given.
     *
     * @param renewal when it is time for another certificate
     */
    private record Held(NodeCertificate certificate, Roots roots, Instant renewal) {
        /** A certificate of an authority that signs no more is to be renewed until then. */
        Held trusting(Roots others, Instant until) {
            boolean current = certificate.isBy(others.current());
            return new Held(certificate, others, current || renewal.isBefore(until) ? renewal : until);
        }
    }

    /** After a renewal that failed. It is over, too, once the clock shows a time before it. */
    private record Pause(Instant from, Instant until) {
        static final Pause NONE = new Pause(Instant.MAX, Instant.MIN);

        boolean covers(Instant time) {
            return !time.isBefore(from) && time.isBefore(until);
        }
    }

    private Membership(
            PrivateFile file,
            Vertx vertx,
            NodeIdentity node,
            Token token,
            Predicate<NodeIdentity> shutOut,
            InstantSource clock,
            Random random,
            MembershipListener listener) {
        this.tls = new ClusterTls(this::certificate, this::roots, shutOut, this::now);
        this.file = file;
        this.token = token;
        this.joining = new Joining(vertx, node, clock);
        this.clock = clock;
        this.random = random;
        this.listener = listener;
        this.vertx = vertx;
    }

    /**
     * Reads what an earlier process was given, unless that was for another token.
     *
     * @param directory of its own
     * @param shutOut the nodes that may not take part any more
     * @throws IOException when it can't be read or made
     */
    public static Membership open(
            Vertx vertx,
            Path directory,
            NodeIdentity node,
            Token token,
            Predicate<NodeIdentity> shutOut,
            InstantSource clock,
            Random random,
            MembershipListener listener)
            throws IOException {
        PrivateFile file = PrivateFile.in(directory, FILE);
        Membership membership = new Membership(file, vertx, node, token, shutOut, clock, random, listener);
        Optional<String> text = file.read();
        if (text.isPresent()) {
            membership.restore(text.get(), node);
        }
        return membership;
    }

    private void restore(String text, NodeIdentity node) {
        try {
            JsonNode document = Json.read(text.getBytes(StandardCharsets.UTF_8));
            NodeCertificate certificate = NodeCertificate.parse(
                    document.path("key").asText(), document.path("certificate").asText());
            if (document.path("token").asText().equals(token.hash().toString())
                    && certificate.identity().equals(node)) {
                hold(certificate, Roots.parse(document.path("roots").asText()));
            }
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            LOG.warn("{} can't be used, so this host joins anew: {}", file.path(), e.getMessage());
        }
    }

    /** TLS with what is held at the time. */
    public ClusterTls tls() {
        return tls;
    }

    /** Runs this whenever there is a newer certificate. Must be quick. */
    public void onRenewal(Runnable follower) {
        followers.add(follower);
    }

    /** When the certificate ends; empty as long as there is none. */
    public Optional<Instant> ends() {
        return Optional.ofNullable(held.get()).map(now -> now.certificate().ends());
    }

    /** From now on, certificates are renewed in time, by any of these seeds. */
    public void keep(Supplier<List<NodeAddress>> seeds) {
        timer = OptionalLong.of(vertx.setPeriodic(CHECK.toMillis(), _ -> {
            // What comes of it, the listener hears.
            var _ = check(seeds.get());
        }));
    }

    /**
     * Completes once a certificate is held that counts, for which this seed is asked if there is none. Fails with a
     * {@link JoinException}.
     */
    public CompletableFuture<Void> ready(NodeAddress seed) {
        Held now = held.get();
        return now != null && counts(now) ? CompletableFuture.completedFuture(null) : obtain(List.of(seed));
    }

    /** Renews the certificate if it is time, or gets one that counts since a clock that went back: others refuse it now. */
    CompletableFuture<Void> check(List<NodeAddress> seeds) {
        Held now = held.get();
        Instant time = clock.instant();
        if (now == null || seeds.isEmpty() || (time.isBefore(now.renewal()) && counts(now)) || pause.covers(time)) {
            return CompletableFuture.completedFuture(null);
        }
        List<NodeAddress> order = new ArrayList<>(seeds);
        Collections.shuffle(order, random);
        return obtain(order);
    }

    /** A seed has said whom to trust from now on, the authority that signs now first. */
    public void trust(Roots roots) {
        Held before =
                held.getAndUpdate(now -> now == null || now.roots().equals(roots) ? now : now.trusting(roots, turn()));
        if (before != null && !before.roots().equals(roots)) {
            listener.rootsChanged();
            Thread.startVirtualThread(this::save);
        }
    }

    private synchronized CompletableFuture<Void> obtain(List<NodeAddress> seeds) {
        if (running == null) {
            CompletableFuture<Void> attempt = new CompletableFuture<>();
            running = attempt;
            Thread.ofVirtual().name("join").start(() -> attempt(seeds, attempt));
        }
        return running;
    }

    private void attempt(List<NodeAddress> seeds, CompletableFuture<Void> attempt) {
        Exception failure = new JoinException("no seed is known");
        boolean obtained = false;
        for (NodeAddress seed : seeds) {
            try {
                obtain(seed);
                obtained = true;
                break;
            } catch (JoinException | RuntimeException e) {
                failure = e;
                listener.notCertified(seed, String.valueOf(e.getMessage()));
            }
        }
        synchronized (this) {
            running = null;
        }
        Held now = held.get();
        if (!obtained || (now != null && !counts(now))) {
            Instant failed = clock.instant();
            pause = new Pause(failed, failed.plus(PAUSE));
        }
        if (obtained) {
            attempt.complete(null);
        } else {
            attempt.completeExceptionally(failure);
        }
    }

    private void obtain(NodeAddress seed) throws JoinException {
        Held now = held.get();
        Joining.Joined joined = now != null && counts(now) ? joining.renew(seed, tls) : joining.join(seed, token);
        hold(joined.certificate(), joined.roots());
        followers.forEach(Runnable::run);
        listener.certified(
                joined.certificate().identity(), seed, joined.certificate().ends());
        save();
    }

    /** One that begins later is of a time when a clock was ahead. */
    private boolean counts(Held now) {
        Instant time = clock.instant();
        return !time.isBefore(now.certificate().begins())
                && time.isBefore(now.certificate().ends());
    }

    private void hold(NodeCertificate certificate, Roots roots) {
        Duration life = Duration.between(certificate.begins(), certificate.ends());
        // From 0.45 to 0.55 of its life, so that hosts that started together don't come together for ever.
        Duration half = life.multipliedBy(45).dividedBy(100).plus(part(life.dividedBy(10)));
        held.set(new Held(certificate, roots, certificate.begins().plus(half)));
    }

    private Duration part(Duration most) {
        return Duration.ofMillis((long) (random.nextDouble() * most.toMillis()));
    }

    private Instant turn() {
        return clock.instant().plus(part(TURN));
    }

    /** A host that can't keep its certificate joins again at its next start, which is no reason to stop now. */
    private synchronized void save() {
        Held now = held.get();
        if (now == null) {
            return;
        }
        Digest joinedWith = token.hash();
        try {
            file.write(JsonNodeFactory.instance
                    .objectNode()
                    .put("token", joinedWith.toString())
                    .put("key", now.certificate().keyPem())
                    .put("certificate", now.certificate().chainPem())
                    .put("roots", now.roots().pem())
                    .toString());
        } catch (IOException e) {
            LOG.warn("{} can't be written: {}", file.path(), e.toString());
        }
    }

    private @Nullable NodeCertificate certificate() {
        Held now = held.get();
        return now == null ? null : now.certificate();
    }

    private @Nullable Roots roots() {
        Held now = held.get();
        return now == null ? null : now.roots();
    }

    private Instant now() {
        return clock.instant();
    }

    @Override
    public void close() {
        timer.ifPresent(vertx::cancelTimer);
    }
}
