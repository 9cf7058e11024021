package io.pantala.proxy.events;

import io.pantala.seed.cluster.Cluster;
import io.pantala.seed.cluster.ClusterListener;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Fingerprint;
import io.pantala.transport.identity.NodeIdentity;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Who joins a seed's cluster, and how the seed keeps in step with others. */
public final class ClusterEvents implements ClusterListener {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);

    /** Strangers can be refused as often as they like, which is no reason to fill the log. */
    private static final long BETWEEN_REFUSALS = Duration.ofSeconds(1).toNanos();

    private final Metrics metrics;
    private final Set<NodeAddress> inStep = ConcurrentHashMap.newKeySet();
    private final Map<NodeAddress, String> told = new ConcurrentHashMap<>();
    private final AtomicLong refusalTold = new AtomicLong(System.nanoTime() - BETWEEN_REFUSALS);

    public ClusterEvents(Metrics metrics) {
        this.metrics = metrics;
        metrics.gauge("pantala.seeds.in.step", "Other seeds that this one keeps in step with", inStep, Set::size);
    }

    @Override
    public void certified(NodeIdentity node, boolean renewed, String token) {
        count(renewed ? "renewed" : "joined");
        LOG.atInfo()
                .addKeyValue("node", node)
                .addKeyValue("token", token)
                .log(renewed ? "certificate renewed" : "node joined");
    }

    @Override
    public void refused(NodeIdentity node, Refusal why) {
        count("refused_" + Metrics.label(why));
        LOG.atLevel(isTimeToTell() ? Level.WARN : Level.DEBUG)
                .addKeyValue("node", node)
                .addKeyValue("why", Metrics.label(why))
                .log("node not let in");
    }

    private boolean isTimeToTell() {
        long now = System.nanoTime();
        long last = refusalTold.get();
        return now - last >= BETWEEN_REFUSALS && refusalTold.compareAndSet(last, now);
    }

    @Override
    public void authorityChanged(Fingerprint authority) {
        LOG.atInfo().addKeyValue("authority", authority).log("certificates are signed");
    }

    @Override
    public void inStep(NodeAddress seed) {
        told.remove(seed);
        if (inStep.add(seed)) {
            LOG.atInfo().addKeyValue("seed", seed).log("in step with seed");
        }
    }

    /** Told once, not at each try. */
    @Override
    public void outOfStep(NodeAddress seed, String why) {
        inStep.remove(seed);
        if (!why.equals(told.put(seed, why))) {
            LOG.atWarn().addKeyValue("seed", seed).addKeyValue("why", why).log("not in step with seed");
        }
    }

    private void count(String outcome) {
        metrics.count("pantala.joins", "Nodes that asked for a certificate", "outcome", outcome)
                .increment();
    }
}
