/** How a host gets a blob: hashes from a seed, blocks from whoever holds them, each verified as it comes. */
@NullMarked
package io.pantala.swarm.download;

import org.jspecify.annotations.NullMarked;
