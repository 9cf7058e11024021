package io.pantala.examples.lab;

import io.pantala.examples.rig.Site;
import io.pantala.proxy.cli.Signals;
import io.pantala.proxy.config.HostConfig;
import io.pantala.proxy.config.Settings;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.proxy.logging.Logging;
import io.pantala.proxy.node.Host;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;

/** A process with several hosts, each in a network namespace of its own: what a machine has no memory for otherwise. */
final class ManyHosts {
    /** What the first host needs, and each one more. */
    private static final int HEAP_MIB = 64;

    private static final int MORE_HEAP_MIB = 32;
    private static final int DIRECT_MIB = 64;

    private ManyHosts() {}

    /** The command that runs it, with the Java and the classes of this program. */
    static List<String> command(List<Site> sites, List<Path> configurations) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + (HEAP_MIB + MORE_HEAP_MIB * sites.size()) + "m",
                "-XX:MaxDirectMemorySize=" + DIRECT_MIB * sites.size() + "m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "-Djava.nio.channels.spi.SelectorProvider=" + NamespaceChannels.class.getName(),
                "-cp",
                System.getProperty("java.class.path"),
                ManyHosts.class.getName()));
        for (int i = 0; i < sites.size(); i++) {
            command.add(sites.get(i).namespace().orElseThrow());
            command.add(configurations.get(i).toString());
        }
        return command;
    }

    /** Runs hosts until it is ended. */
    static void main(String[] namespacesAndConfigurations) throws Exception {
        Logging.configure(LogConfig.DEFAULT);
        CountDownLatch stop = new CountDownLatch(1);
        Signals.onFirst(stop::countDown);
        List<Host> hosts = new ArrayList<>();
        try {
            for (int i = 0; i < namespacesAndConfigurations.length; i += 2) {
                hosts.add(start(Site.in(namespacesAndConfigurations[i]), Path.of(namespacesAndConfigurations[i + 1])));
            }
            stop.await();
        } finally {
            hosts.forEach(Host::close);
        }
        System.exit(0);
    }

    /** One after the other: together they would make each other late. */
    private static Host start(Site site, Path configuration) throws Exception {
        FutureTask<Host> start = new FutureTask<>(() -> {
            NamespaceChannels.enter(site);
            return Host.start(HostConfig.read(Settings.read(configuration, Map.of(), Map.of())));
        });
        Thread.ofPlatform().name("start-" + site.name()).start(start);
        return start.get();
    }
}
