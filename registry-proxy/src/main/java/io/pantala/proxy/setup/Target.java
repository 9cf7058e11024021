package io.pantala.proxy.setup;

import io.pantala.registry.Upstream;
import io.pantala.transport.NodeAddress;
import java.util.List;
import java.util.Optional;

/**
 * What engines are pointed at.
 *
 * @param proxy where they connect
 * @param registries those that they are to ask it for
 * @param certificate of the authority that they are to trust where it is their HTTPS proxy, PEM; empty when there is none
 *     yet
 * @param containers where Podman and its kin are configured, {@code /etc/containers} but for users who aren't root
 */
public record Target(NodeAddress proxy, List<Upstream> registries, Optional<String> certificate, String containers) {
    /** The usual place. */
    public static final String CONTAINERS = "/etc/containers";

    public Target {
        registries = List.copyOf(registries);
    }

    String url() {
        return "http://" + proxy;
    }

    String certificateOrFail() throws SetupException {
        return certificate.orElseThrow(() -> new SetupException(
                "there is no authority yet that engines could trust: start pantala proxy once, which makes it, or name"
                        + " intercept.ca"));
    }
}
