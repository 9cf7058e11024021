/** Strains a small cluster for as long as it is asked to, by random faults, and says what was lost, wrong or left behind. */
@NullMarked
package io.pantala.examples.soak;

import org.jspecify.annotations.NullMarked;
