@NullMarked
package io.pantala.seed.schedule;

import org.jspecify.annotations.NullMarked;
