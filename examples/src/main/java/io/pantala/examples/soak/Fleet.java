package io.pantala.examples.soak;

import io.pantala.examples.rig.DockerRegistry;
import io.pantala.examples.rig.Installation;
import io.pantala.examples.rig.Network;
import io.pantala.examples.rig.PantalaNode;
import io.pantala.examples.rig.PantalaNode.Role;
import io.pantala.examples.rig.RegistryContent;
import io.pantala.examples.rig.Site;
import io.pantala.examples.rig.Workspace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A registry that spoils answers, a seed, and hosts that have joined its cluster, each behind a link of its own. */
final class Fleet implements AutoCloseable {
    /** By which Pantala knows the registry. */
    static final String UPSTREAM = "registry.soak";

    private static final int REGISTRY_PORT = 5000;
    private static final int FAULTY_PORT = 5001;
    private static final int SEED_PORT = 6462;
    private static final int PEER_PORT = 6461;
    private static final int ENGINE_PORT = 6460;

    private final Network network;
    private final List<Member> members = new ArrayList<>();
    private @Nullable DockerRegistry registry;
    private @Nullable FaultyRegistry faulty;

    private Fleet(Network network) {
        this.network = network;
    }

    /** Starts all. */
    static Fleet start(Settings settings, Installation program, Workspace files, RegistryContent content)
            throws Exception {
        Fleet fleet = new Fleet(Network.create());
        try {
            fleet.open(settings, program, files, content);
            return fleet;
        } catch (Exception e) {
            fleet.close();
            throw e;
        }
    }

    private void open(Settings settings, Installation program, Workspace files, RegistryContent content)
            throws Exception {
        Site registrySite = network.add("registry", settings.rate());
        registry = DockerRegistry.serving(content, registrySite, REGISTRY_PORT, files.root());
        FaultyRegistry opened = FaultyRegistry.before(
                registry.address(), registrySite, FAULTY_PORT, settings.seed(), settings.faulty());
        faulty = opened;
        List<String> common = List.of(
                "--upstream=" + UPSTREAM + "=" + opened.uri(),
                "--disk-quota=" + settings.quota(),
                "--drain-timeout=0s");
        Site seedSite = network.add("seed", settings.rate());
        Path seedData = files.root().resolve("seed-data");
        String seedAddress = seedSite.address() + ":" + SEED_PORT;
        start(new Member(program, Role.SEED, seedSite, seedData, seedAddress, common));
        Path token = Files.writeString(
                files.root().resolve("join-token"), PantalaNode.joinToken(program, seedSite, seedData));
        for (int i = 1; i <= settings.hosts(); i++) {
            List<String> flags = new ArrayList<>(common);
            flags.add("--seeds=" + seedAddress);
            flags.add("--join-token-file=" + token);
            flags.add("--peer-listen=[::]:" + PEER_PORT);
            Site site = network.add("host" + i, settings.rate());
            Path data = files.root().resolve(site.name() + "-data");
            start(new Member(program, Role.HOST, site, data, "127.0.0.1:" + ENGINE_PORT, flags));
        }
    }

    private void start(Member member) throws IOException, InterruptedException {
        members.add(member);
        member.start();
    }

    /** The seed, then the hosts. */
    List<Member> members() {
        return members;
    }

    Member seed() {
        return members.getFirst();
    }

    List<Member> hosts() {
        return members.subList(1, members.size());
    }

    /** Where the engine of a host finds its proxy. */
    static InetSocketAddress proxy() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), ENGINE_PORT);
    }

    FaultyRegistry registry() {
        if (faulty == null) {
            throw new IllegalStateException("it has not been started");
        }
        return faulty;
    }

    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        members.forEach(Member::kill);
        if (faulty != null) {
            faulty.close();
        }
        if (registry != null) {
            registry.close();
        }
        network.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
