/** Programs that show, measure and strain Pantala from outside. */
@NullMarked
package io.pantala.examples;

import org.jspecify.annotations.NullMarked;
