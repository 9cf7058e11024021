package io.pantala.proxy.events;

import io.pantala.seed.cluster.Cluster;
import io.pantala.seed.cluster.ClusterListener;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.Fingerprint;
import io.pantala.transport.identity.NodeIdentity;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who joins a seed's cluster, and how the seed keeps in step with others. */
public final class ClusterEvents implements ClusterListener {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);

    private final Metrics metrics;
    private final Set<NodeAddress> inStep = ConcurrentHashMap.newKeySet();
    private final Map<NodeAddress, String> told = new ConcurrentHashMap<>();

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
        LOG.atWarn()
                .addKeyValue("node", node)
                .addKeyValue("why", Metrics.label(why))
                .log("node not let in");
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
