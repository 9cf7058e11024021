/** Fetches images ahead of the pulls. */
@NullMarked
package io.pantala.seed.preheat;

import org.jspecify.annotations.NullMarked;
