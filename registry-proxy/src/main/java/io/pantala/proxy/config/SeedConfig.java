package io.pantala.proxy.config;

import io.pantala.transport.NodeAddress;

/**
 * What a seed is told.
 *
 * @param listen its control link, blocks and API
 */
public record SeedConfig(NodeAddress listen, NodeConfig node) {
    /**
     * Reads the settings of a seed.
     *
     * @throws ConfigException on the first wrong one
     */
    public static SeedConfig read(Settings settings) {
        return new SeedConfig(settings.get(Key.SEED_LISTEN).parse(Addresses::ofThisSeed), NodeConfig.read(settings));
    }
}
