/** The HTTP edge of a seed: one listener, and for each of its routes who may use it. */
@NullMarked
package io.pantala.seed.http;

import org.jspecify.annotations.NullMarked;
