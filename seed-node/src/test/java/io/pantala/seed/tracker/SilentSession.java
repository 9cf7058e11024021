package io.pantala.seed.tracker;

import io.pantala.transport.NodeAddress;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlSession;
import io.pantala.transport.identity.NodeIdentity;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Of a host that says nothing and has proved nothing.
 *
 * @param told takes what it hears
 */
record SilentSession(String node, NodeAddress address, String zone, Limits limits, Consumer<ControlMessage> told)
        implements ControlSession {
    static final NodeAddress ADDRESS = new NodeAddress("10.1.1.1", 6461);

    /** All of these are at one address. */
    SilentSession(String node) {
        this(node, ADDRESS, "", Limits.NONE);
    }

    /** One that doesn't listen. */
    SilentSession(String node, NodeAddress address, String zone, Limits limits) {
        this(node, address, zone, limits, _ -> {});
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
        return Optional.of(address);
    }

    @Override
    public void send(ControlMessage message) {
        told.accept(message);
    }
}
