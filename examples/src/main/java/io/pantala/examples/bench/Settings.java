package io.pantala.examples.bench;

import io.pantala.examples.rig.Rate;
import java.time.Duration;

/**
 * How much is measured.
 *
 * @param rounds of each comparison, beside those that are shown but not counted
 * @param layer bytes of the large layer
 * @param layers of the image
 * @param layerSize bytes of each of them
 * @param connections that an engine pulls an image's layers by
 * @param requests in a row, where requests are what is measured, by each engine in each round
 * @param rate of every link, where links are shaped
 * @param atOnce layers pulled at once while memory is watched
 * @param largest bytes of the layers that memory is watched with in the end
 * @param starts of each kind of node
 * @param rest how long a node is left alone before its idle memory is looked at
 */
record Settings(
        int rounds,
        long layer,
        int layers,
        long layerSize,
        int connections,
        int requests,
        Rate rate,
        int atOnce,
        long largest,
        int starts,
        Duration rest) {
    Settings {
        if (rounds < 1
                || layer < 1
                || layers < 1
                || layerSize < 1
                || connections < 1
                || requests < 1
                || atOnce < 1
                || starts < 1) {
            throw new IllegalArgumentException("there must be at least one of each");
        }
    }
}
