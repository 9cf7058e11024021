package io.pantala.seed.cluster;

import io.pantala.manifest.BlobKey;
import io.pantala.manifest.BlockLayout;
import io.pantala.seed.cluster.ClusterState.TokenEntry;
import io.pantala.seed.tracker.ClusterDesk;
import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.identity.Authority;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Roots;
import io.pantala.transport.identity.Token;
import io.pantala.transport.join.JoinAnswer;
import io.pantala.transport.join.JoinRequest;
import io.pantala.transport.ticket.SeedClocks;
import io.pantala.transport.ticket.Ticket;
import io.pantala.transport.ticket.TicketCheck;
import io.pantala.transport.ticket.Voucher;
import java.io.IOException;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A seed's cluster: makes its authority at the first start, gives nodes certificates, and follows what operators and other
 * seeds change.
 */
public final class Cluster implements ClusterDesk, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final ClusterFile file;
    private final ClusterConfig config;
    private final NodeIdentity self;
    private final InstantSource clock;
    private final ClusterListener listener;
    private final List<Runnable> followers = new CopyOnWriteArrayList<>();
    private final ClusterTls tls;
    private final SeedClocks clocks;
    private final TicketCheck tickets;
    private final ScheduledThreadPoolExecutor keeper;
    private volatile @Nullable View view;

    private Cluster(
            ClusterFile file, ClusterConfig config, NodeIdentity self, InstantSource clock, ClusterListener listener) {
        this.file = file;
        this.config = config;
        this.self = self;
        this.clock = clock;
        this.listener = listener;
        this.tls = new ClusterTls(
                () -> view().own(),
                () -> view().roots(),
                node -> view().shutOut().contains(node.name()),
                clock);
        this.clocks = new SeedClocks(self.name(), clock, System::nanoTime);
        this.tickets = new TicketCheck(() -> view().ticketKeys(), clocks);
        this.keeper = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("cluster-keeper").factory());
    }

    /**
     * Opens the cluster of a seed's data directory, which becomes a new one if there is none.
     *
     * @throws IOException when it can't be read or made; the message says why
     */
    public static Cluster open(ClusterConfig config, NodeIdentity self, InstantSource clock, ClusterListener listener)
            throws IOException {
        Optional<Authority> given =
                config.given().isPresent() ? Optional.of(read(config.given().get())) : Optional.empty();
        ClusterFile file = ClusterFile.in(config.directory());
        Instant now = clock.instant();
        file.update(state -> {
            if (state.authority().isEmpty()) {
                return Rotation.begin(given.orElseGet(() -> Authority.create(now)), now);
            }
            return given.isEmpty() || isKnown(state, given.get())
                    ? state
                    : Rotation.rotate(state, given.get(), now, ClusterConfig.OVERLAP);
        });
        Cluster cluster = new Cluster(file, config, self, clock, listener);
        cluster.look();
        var _ = cluster.keeper.scheduleWithFixedDelay(
                cluster::lookOrWarn, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
        return cluster;
    }

    private static boolean isKnown(ClusterState state, Authority authority) {
        return state.authorities().stream()
                .anyMatch(entry -> entry.id().equals(authority.fingerprint().hex()));
    }

    private static Authority read(ClusterConfig.Given given) throws IOException {
        try {
            return Authority.parse(Files.readString(given.certificate()), Files.readString(given.key()));
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    "cluster.ca " + given.certificate() + " with cluster.ca-key " + given.key() + ": " + e.getMessage(),
                    e);
        }
    }

    private View view() {
        return Objects.requireNonNull(view);
    }

    private void lookOrWarn() {
        try {
            look();
        } catch (IOException | RuntimeException e) {
            LOG.warn("The cluster's state can't be followed: {}", e.toString());
        }
    }

    /** Takes in what has changed, also by the clock. */
    synchronized void look() throws IOException {
        Instant now = clock.instant();
        follow(file.update(state -> Rotation.tidy(state.at(now.toEpochMilli()), now)), now);
    }

    /** Takes in what another seed knows; the answer is what both come to. */
    synchronized ClusterState merge(ClusterState other) throws IOException {
        Instant now = clock.instant();
        ClusterState merged =
                file.update(state -> Rotation.tidy(state.merge(other).at(now.toEpochMilli()), now));
        follow(merged, now);
        return merged;
    }

    private void follow(ClusterState state, Instant now) {
        View before = view;
        boolean same = before != null && before.state().equals(state);
        if (before != null && same && !before.isStale(now)) {
            return;
        }
        View after = View.of(state, self, config.life(), before, now);
        view = after;
        if (before == null || !before.roots().current().equals(after.roots().current())) {
            listener.authorityChanged(after.roots().current());
        }
        if (!same) {
            followers.forEach(Runnable::run);
        }
    }

    /** Runs this after each change. Must be quick. */
    public void onChange(Runnable follower) {
        followers.add(follower);
    }

    /** TLS with this seed's certificate, and for the cluster's nodes. */
    public ClusterTls tls() {
        return tls;
    }

    /** Whom the cluster trusts. */
    public Roots roots() {
        return view().roots();
    }

    /** When this seed's certificate ends. */
    public Instant ends() {
        return view().own().ends();
    }

    /** The names of the nodes that were shut out. */
    public Set<String> shutOut() {
        return view().shutOut();
    }

    /** Shuts a node out, or lets it in again. */
    public void shutOut(String node, boolean active) throws IOException {
        long now = clock.millis();
        file.update(state -> state.with(state.shutOut(node, active, now)));
        look();
    }

    @Override
    public News news() {
        View now = view();
        return new News(clock.instant(), now.roots().pem(), now.ticketKeys(), now.shutOut(), Optional.of(now.key()));
    }

    @Override
    public Ticket ticket(String host, BlobKey key) {
        return view().signer().sign(host, key, self.name(), clock.instant());
    }

    @Override
    public Voucher vouch(BlobKey key, BlockLayout layout, byte[] packed) {
        return view().signer().vouch(key, layout, packed);
    }

    @Override
    public TicketCheck tickets() {
        return tickets;
    }

    /** What the clocks of other seeds show. */
    SeedClocks clocks() {
        return clocks;
    }

    ClusterState state() {
        return view().state();
    }

    /** The token with this secret, if the cluster has it. */
    Optional<TokenEntry> token(String secret) {
        String hash = Token.hash(secret).toString();
        long now = clock.millis();
        return view().state().tokens().stream()
                .filter(token -> token.hash().equals(hash))
                .filter(token -> !token.revoked() && (token.expires() == null || token.expires() > now))
                .findFirst();
    }

    /** A certificate for a node, and what it needs besides. */
    JoinAnswer certify(JoinRequest request) throws GeneralSecurityException {
        View now = view();
        X509Certificate certificate =
                now.authority().issue(request.request(), request.node(), clock.instant(), config.life());
        return new JoinAnswer(now.chainPem(certificate), now.roots());
    }

    @Override
    public void close() {
        keeper.shutdown();
    }
}
