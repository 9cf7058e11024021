/** Who fetches which block from whom: decisions alone, without threads, clocks or input and output. */
@NullMarked
package io.pantala.seed.schedule;

import org.jspecify.annotations.NullMarked;
