# Sample one ordinal model with brms for each seed that arrives on a line.
#
#   Rscript bayes.R FOLDER FORMULA
#
# Answers: "ready" once the model is compiled; then for each seed
# "draws SECONDS ESS RHAT DIVERGENT", with the seconds of the slower of two chains (2,000
# iterations each, half of them to tune), the smallest bulk effective sample size over fixed
# effects, thresholds and standard deviations, and the largest R-hat. Compilation is not timed.
suppressPackageStartupMessages({ library(brms); library(posterior) })
args <- commandArgs(trailingOnly = TRUE)

data <- read.csv(file.path(args[1], "data.csv"), colClasses = "character",
                 na.strings = character(0), check.names = FALSE)
levels <- read.csv(file.path(args[1], "levels.csv"), colClasses = "character",
                   na.strings = character(0))
for (name in unique(levels$column))
  data[[name]] <- factor(data[[name]], levels$level[levels$column == name])
data$rating <- as.integer(as.numeric(data$rating))

priors <- c(prior(normal(0, 1), class = b), prior(normal(0, 2), class = Intercept),
            prior(exponential(1), class = sd))
formula <- as.formula(args[2])
compiled <- brm(formula, data, cumulative("logit"), priors, chains = 0, refresh = 0,
                silent = 2)
cat("ready\n")
flush(stdout())
input <- file("stdin", "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  fit <- suppressMessages(update(compiled, chains = 2, cores = 2, iter = 2000,
                                 seed = as.integer(line), refresh = 0, silent = 2,
                                 recompile = FALSE))
  seconds <- max(rowSums(rstan::get_elapsed_time(fit$fit)))
  draws <- as_draws_array(fit)
  draws <- draws[, , grepl("^(b_|sd_)", dimnames(draws)$variable)]
  told <- summarise_draws(draws, "ess_bulk", "rhat")
  divergent <- rstan::get_num_divergent(fit$fit)
  cat(sprintf("draws %.3f %.1f %.4f %d\n", seconds, min(told$ess_bulk), max(told$rhat),
              divergent))
  flush(stdout())
}
