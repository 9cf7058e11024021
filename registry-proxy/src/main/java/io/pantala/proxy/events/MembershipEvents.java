package io.pantala.proxy.events;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.join.Membership;
import io.pantala.transport.join.MembershipListener;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How a host becomes and stays one of its cluster. */
public final class MembershipEvents implements MembershipListener {
    private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

    private final Map<NodeAddress, String> told = new ConcurrentHashMap<>();

    @Override
    public void certified(NodeIdentity node, NodeAddress by, Instant until) {
        told.clear();
        LOG.atInfo()
                .addKeyValue("node", node)
                .addKeyValue("seed", by)
                .addKeyValue("until", until)
                .log("certificate received");
    }

    /** Told once, not at each try. */
    @Override
    public void notCertified(NodeAddress by, String why) {
        if (!why.equals(told.put(by, why))) {
            LOG.atWarn().addKeyValue("seed", by).addKeyValue("why", why).log("no certificate received");
        }
    }

    @Override
    public void rootsChanged() {
        LOG.atInfo().log("the cluster's authorities have changed");
    }
}
