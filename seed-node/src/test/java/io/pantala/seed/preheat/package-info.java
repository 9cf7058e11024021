@NullMarked
package io.pantala.seed.preheat;

import org.jspecify.annotations.NullMarked;
