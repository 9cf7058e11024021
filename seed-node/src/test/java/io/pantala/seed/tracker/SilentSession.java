package io.pantala.seed.tracker;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlSession;
import io.pantala.transport.identity.NodeIdentity;
import java.util.Optional;

/** Of a host that hears nothing and has proved nothing; all of them are at one address. */
class SilentSession implements ControlSession {
    static final NodeAddress ADDRESS = new NodeAddress("10.1.1.1", 6461);

    private final String node;

    SilentSession(String node) {
        this.node = node;
    }

    @Override
    public String node() {
        return node;
    }

    @Override
    public String remote() {
        return "10.1.1.1:50000";
    }

    @Override
    public Optional<NodeIdentity> identity() {
        return Optional.empty();
    }

    @Override
    public Optional<NodeAddress> peer() {
        return Optional.of(ADDRESS);
    }

    @Override
    public String zone() {
        return "";
    }

    @Override
    public Limits limits() {
        return Limits.NONE;
    }

    @Override
    public void send(ControlMessage message) {
        // Nobody listens.
    }
}
