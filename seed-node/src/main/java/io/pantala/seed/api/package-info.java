/** The HTTP edge of a seed: one listener for its control links, its blocks and its API. */
@NullMarked
package io.pantala.seed.api;

import org.jspecify.annotations.NullMarked;
