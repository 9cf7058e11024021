@NullMarked
package io.pantala.seed.backfill;

import org.jspecify.annotations.NullMarked;
