/** How the examples are built, beside tests of the programs themselves. */
@NullMarked
package io.pantala.examples;

import org.jspecify.annotations.NullMarked;
