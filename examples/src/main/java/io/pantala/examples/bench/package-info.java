/** Measures what Pantala costs on one host, beside what else could serve the same bytes in the same run. */
@NullMarked
package io.pantala.examples.bench;

import org.jspecify.annotations.NullMarked;
