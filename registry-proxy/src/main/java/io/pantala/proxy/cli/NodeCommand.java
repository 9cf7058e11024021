package io.pantala.proxy.cli;

import io.pantala.proxy.config.Key;
import io.pantala.proxy.config.NodeConfig;
import io.pantala.proxy.config.Settings;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.proxy.logging.Logging;
import io.pantala.proxy.node.Node;
import io.pantala.proxy.node.StartException;
import io.pantala.transport.NodeAddress;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;
import picocli.CommandLine.Model.CommandSpec;

/** {@code pantala proxy} and {@code pantala seed}: the life of a node as a process, from its settings to its end. */
final class NodeCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(Pantala.class);

    private final CommandSpec spec = CommandSpec.wrapWithoutInspection(this);
    private final Map<String, String> environment;
    private final Starter starter;

    /** Starts a node from its settings. */
    interface Starter {
        Node start(Settings settings) throws StartException;
    }

    private NodeCommand(Map<String, String> environment, Starter starter) {
        this.environment = environment;
        this.starter = starter;
    }

    /** The command of a role, named after it. */
    static CommandSpec of(Key.Use role, String header, Map<String, String> environment, Starter starter) {
        NodeCommand command = new NodeCommand(environment, starter);
        command.spec
                .usageMessage()
                .header(header)
                .synopsisHeading("%nUsage: ")
                .abbreviateSynopsis(true)
                .optionListHeading("%n")
                .sortOptions(false)
                .footer(NodeOptions.FOOTER);
        NodeOptions.addTo(command.spec, role);
        return command.spec;
    }

    @Override
    public Integer call() throws InterruptedException {
        Settings settings = NodeOptions.read(spec.commandLine().getParseResult(), environment);
        LogConfig log = NodeConfig.log(settings);
        Logging.configure(log);
        CountDownLatch stop = new CountDownLatch(1);
        Signals.onFirst(stop::countDown);
        try (Node node = start(settings, log)) {
            logReady(node);
            stop.await();
            LOG.info("stopping: no new work, responses under way may end");
            node.drain();
        }
        LOG.info("stopped");
        return ExitCode.OK;
    }

    private Node start(Settings settings, LogConfig log) {
        try {
            return starter.start(settings);
        } catch (StartException e) {
            if (log.isDebug()) {
                LOG.debug("can't start", e);
            }
            throw new CommandFailure(String.valueOf(e.getMessage()));
        }
    }

    private static void logReady(Node node) {
        LoggingEventBuilder ready = LOG.atInfo();
        for (Map.Entry<String, NodeAddress> address : node.addresses().entrySet()) {
            ready = ready.addKeyValue(address.getKey(), address.getValue());
        }
        // When the kernel says that a process started is up to a second off: it is told in whole seconds since 1970.
        ready.addKeyValue("ms", ManagementFactory.getRuntimeMXBean().getUptime())
                .log("ready");
    }
}
