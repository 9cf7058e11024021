package io.pantala.proxy.config;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.logging.LogConfig;
import io.pantala.registry.HeldCredential;
import io.pantala.registry.Upstreams;
import io.pantala.seed.schedule.Zone;
import io.pantala.store.StoreConfig;
import io.pantala.transport.NodeAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What every node is told.
 *
 * @param admin where health and metrics are served
 * @param directory its own, of one node at a time
 * @param quota bytes of blobs to keep at most; empty: half of what is free at the first start
 * @param credentials what this node has for itself, by the registry that it is for
 * @param zone where it is
 * @param rates how fast it may be
 * @param drain how long a stop waits for responses under way
 */
public record NodeConfig(
        NodeAddress admin,
        Path directory,
        OptionalLong quota,
        Upstreams upstreams,
        Map<UpstreamName, HeldCredential> credentials,
        Zone zone,
        Rates rates,
        Duration drain,
        LogConfig log) {
    private static final int ADMIN_PORT = 6463;

    /** Of a node that has no credentials itself, no limits, and doesn't say where it is. */
    public NodeConfig(
            NodeAddress admin, Path directory, OptionalLong quota, Upstreams upstreams, Duration drain, LogConfig log) {
        this(admin, directory, quota, upstreams, Map.of(), Zone.NONE, Rates.NONE, drain, log);
    }

    public NodeConfig {
        credentials = Map.copyOf(credentials);
        if (drain.isNegative()) {
            throw new IllegalArgumentException("a time can't be negative: " + drain);
        }
    }

    /** Where blobs are kept, and how many. */
    public StoreConfig store() {
        return new StoreConfig(directory.resolve("store"), quota);
    }

    /** The settings that proxies and seeds share. */
    public static NodeConfig read(Settings settings) {
        Upstreams upstreams = Registries.upstreams(settings);
        return new NodeConfig(
                admin(settings),
                Disk.directory(settings),
                Disk.quota(settings),
                upstreams,
                Registries.credentials(settings, upstreams),
                settings.find(Key.ZONE).map(set -> set.parse(Zone::parse)).orElse(Zone.NONE),
                Rates.read(settings),
                settings.get(Key.DRAIN_TIMEOUT).parse(Times::parse),
                log(settings));
    }

    /** Where a node's health, metrics and explanations are. */
    public static NodeAddress admin(Settings settings) {
        return settings.get(Key.ADMIN_LISTEN).parse(text -> Addresses.any(text, ADMIN_PORT));
    }

    /** Where a node keeps its data. */
    public static Path directory(Settings settings) {
        return Disk.directory(settings);
    }

    /** A time as settings say it; an {@link IllegalArgumentException} says what is wrong with it. */
    public static Duration time(String text) {
        return Times.parse(text);
    }

    /** How to log, known before anything else is read. */
    public static LogConfig log(Settings settings) {
        return new LogConfig(
                settings.get(Key.LOG_FORMAT).parse(LogConfig.Format::parse),
                settings.get(Key.LOG_LEVEL).parse(LogConfig::parseLevel));
    }
}
