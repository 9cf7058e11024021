package io.pantala.transport.link;

import io.pantala.transport.NodeAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where seeds are: addresses, and names that may stand for several and for others later.
 *
 * @param configured as they were told
 */
public record SeedNames(List<NodeAddress> configured, Lookup lookup) {
    private static final Logger LOG = LoggerFactory.getLogger(SeedNames.class);

    public SeedNames {
        configured = List.copyOf(configured);
    }

    /** As the system looks names up. */
    public SeedNames(List<NodeAddress> configured) {
        this(configured, InetAddress::getAllByName);
    }

    /** Finds the addresses of a name. May block. */
    public interface Lookup {
        InetAddress[] find(String name) throws UnknownHostException;
    }

    /** All addresses, by number, once each; of a name that means nothing now, none. May block for names. */
    public List<NodeAddress> resolve() {
        Set<NodeAddress> found = new LinkedHashSet<>();
        for (NodeAddress seed : configured) {
            if (isLiteral(seed)) {
                found.add(seed);
            } else {
                try {
                    for (InetAddress each : lookup.find(seed.host())) {
                        found.add(new NodeAddress(each.getHostAddress(), seed.port()));
                    }
                } catch (UnknownHostException e) {
                    LOG.warn("The seeds' name {} stands for no address now", seed.host());
                }
            }
        }
        return List.copyOf(found);
    }

    /** Whether there is no name among them that could mean something else later. */
    public boolean areFixed() {
        return configured.stream().allMatch(SeedNames::isLiteral);
    }

    private static boolean isLiteral(NodeAddress address) {
        try {
            InetAddress.ofLiteral(address.host());
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
